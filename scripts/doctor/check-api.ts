import type { Config } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const LIMITS = { deadlineMs: 8000, maxBytes: 1024 * 1024 }
const CHECK = 'API_URL'
const PAGE = 'docs/configuration.md'

/** Asks the API without a token. Its answer to that is all that can be seen without a user. */
export async function checkApi({ api: { url } }: Config, fetch: Fetch): Promise<Finding> {
  if (url === null) return note(CHECK, 'not checked: the API is bound as a Worker and has no address')
  let status: number
  try {
    status = (await boundedFetch(fetch, new Request(url), LIMITS)).status
  } catch {
    return problem(CHECK, `no answer from ${new URL(url).host}`, {
      fix: 'correct it, or start the API; it has to be reachable from Cloudflare, too',
      page: PAGE,
    })
  }
  if (status === 401 || status === 403) return ok(CHECK, `the API refuses a call without a token (${status})`)
  if (status >= 500)
    return problem(CHECK, `the API is there, and answers ${status}`, {
      fix: 'look at the log of the API',
      page: PAGE,
    })
  return note(
    CHECK,
    status < 300
      ? `the address answers ${status} without a token`
      : `the API is there; whether it refuses a call without a token is not seen, because the address itself answers ${status}`,
    { fix: 'see that its paths with data of users answer 401 without a token', page: PAGE },
  )
}
