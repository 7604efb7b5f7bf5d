import { json, page, refuse, type Answer } from './answer.ts'
import type { FaultName } from './fault-names.ts'
import { html } from './markup.ts'

/**
 * What the Worker does to an answer after the tenant gave it. The waiting is done there, so that a hanging
 * request holds no other request up.
 */
export type Mishap = 'hang' | 'reset' | `slow:${number}`

/** The private header by which the tenant tells the Worker; it never leaves the machine. */
export const mishapHeader = 'x-emulator-mishap'

export const longestWaitMs = 60_000

/** A fault that stands in for the answer: the endpoint does nothing. Undefined: the endpoint works. */
export function faultyAnswer(fault: FaultName, correlationId: string): Answer | undefined {
  const reason = `fault ${fault}`
  switch (fault) {
    case '503':
      return {
        ...refuse('temporarily_unavailable', 'Service unavailable', correlationId, { status: 503 }),
        reason,
      }
    case '500':
      return { ...refuse('server_error', 'Unexpected error', correlationId, { status: 500 }), reason }
    case '429':
      return json(
        { id: correlationId, code: 'REQUEST_LIMITED', message: 'Too many requests', details: [] },
        reason,
        429,
        {
          'retry-after': '1',
        },
      )
    case 'html':
      return page(
        html`<!doctype html><title>502 Bad Gateway</title>
          <h1>502 Bad Gateway</h1>`,
        reason,
        502,
      )
    case 'malformed': {
      const response = new Response('{"access_token":"', { headers: { 'content-type': 'application/json' } })
      return { response, reason }
    }
    // To another endpoint of the same tenant, where it is counted when somebody follows; 307 would take the body along.
    case 'redirect':
      return { response: new Response(null, { status: 307, headers: { location: './userinfo' } }), reason }
    case 'invalid_client': {
      const text = 'Request denied: Unsupported authentication method'
      return { ...refuse('invalid_client', text, correlationId, { status: 401 }), reason }
    }
    case 'invalid_grant':
      return { ...refuse('invalid_grant', 'The grant is not valid', correlationId), reason }
    case 'hang':
    case 'reset-like':
      return { response: new Response(null, { status: 504 }), reason }
    // These two let the endpoint work.
    case 'lost':
    case 'slow':
  }
  return undefined
}

/** What the Worker is to do with the answer, if anything. */
export function mishapOf(fault: FaultName | undefined, slowMs: number): Mishap | undefined {
  if (fault === 'hang' || fault === 'lost') return 'hang'
  if (fault === 'reset-like') return 'reset'
  return fault === 'slow' ? `slow:${slowMs}` : undefined
}

/** Acts a mishap out, in the Worker. */
export async function actOut(response: Response, signal: AbortSignal): Promise<Response> {
  const mishap = response.headers.get(mishapHeader)
  if (mishap === null) return response
  if (mishap === 'reset') return brokenOff()
  await waited(mishap === 'hang' ? longestWaitMs : Number(mishap.slice('slow:'.length)), signal)
  if (mishap === 'hang') return brokenOff()
  const answered = new Response(response.body, response)
  answered.headers.delete(mishapHeader)
  return answered
}

/** Resolves when the time is over or the caller has gone. */
async function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await scheduler.wait(milliseconds, { signal })
  } catch {
    // Silence is right: the caller gave up, which is what a wait is for.
  }
}

/** A Worker cannot drop a connection, so it begins an answer, lets the beginning leave, and breaks it off. */
function brokenOff(): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  void writer
    .write(new TextEncoder().encode('{'))
    .then(() => scheduler.wait(20))
    .then(() => writer.abort(new Error('broken off by a fault of the emulator')))
    // Silence is right: the reader going first is the same end.
    .catch(() => undefined)
  return new Response(readable, { headers: { 'content-type': 'application/json' } })
}
