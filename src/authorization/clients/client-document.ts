import { CimdFetchError } from '@cloudflare/workers-oauth-provider'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'

// As much as the library reads of a document.
const MAX_BYTES = 5 * 1024

/**
 * The library follows redirects when it fetches a document. An open redirector on a trusted host would then publish
 * anyone's document under that host's name, which our consent page shows, and the draft (-02, §5) has none followed. So
 * the document is asked for once without: once per login, before the library does. Throws as the library would. What the
 * library fetches afterwards, and the keys at `jwks_uri`, still follow redirects: it accepts no fetch from us.
 */
export async function refuseRedirectingDocument(
  url: string,
  fetch: Fetch,
  deadlineMs: number,
): Promise<void> {
  const request = new Request(url, { headers: { Accept: 'application/json' } })
  const answer = await boundedFetch(fetch, request, { deadlineMs, maxBytes: MAX_BYTES }).catch(
    (error: unknown) => {
      throw new CimdFetchError(url, error)
    },
  )
  if (answer.status >= 300 && answer.status < 400) throw new CimdFetchError(url, 'the document redirects')
}
