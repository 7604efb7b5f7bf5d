import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { Answer } from '../wire.ts'
import { STRANGE_WORDS, ORIGIN } from '../settings.ts'
import type { Init } from '../oauth-client.ts'
import { isolateOf } from './world.ts'
import worker from './worker.ts'

const isolate = isolateOf(env)

/** Sends one request. The answer is a stream while its call runs; `settle` waits for the background work. */
export async function open(
  path: string,
  init: Init = {},
  origin = ORIGIN,
): Promise<{ response: Response; settle: () => Promise<void> }> {
  const ctx = createExecutionContext()
  const request = new Request<unknown, IncomingRequestCfProperties>(`${origin}${path}`, init)
  const response = await worker.fetch(request, isolate(), ctx)
  return { response, settle: () => waitOnExecutionContext(ctx) }
}

/** Sends one request and waits for its background work. Throws if the answer contains what none may contain. */
export async function send(path: string, init: Init = {}, origin = ORIGIN): Promise<Answer> {
  const { response, settle } = await open(path, init, origin)
  const { status, headers } = response
  const answer = { status, headers, text: await response.text() }
  await settle()
  const output = `${answer.text}\n${[...headers].join('\n')}`
  if (output.includes(STRANGE_WORDS))
    throw new Error(`text of another system came out: ${output.slice(0, 500)}`)
  // An error page of ours says its number.
  if (status >= 500 && /\b\w*Error\b(?! <strong>\d{3}<\/strong>)|^\s+at /m.test(output))
    throw new Error(`internals came out: ${output.slice(0, 500)}`)
  return answer
}

/** Retry-After in seconds; NaN if it is missing. */
export const retryAfter = ({ headers }: Answer): number =>
  Number.parseInt(headers.get('retry-after') ?? '', 10)
