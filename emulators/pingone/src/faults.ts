import { json, page, oauthError, type Answer } from './http.ts'
import { html } from './pages/layout.ts'

export const faultableEndpoints = [
  'discovery',
  'jwks',
  'authorize',
  'par',
  'resume',
  'token',
  'userinfo',
  'introspect',
  'revoke',
  'signoff',
] as const

/** `faultyAnswer` and `deliveryFaultOf` say what each does. */
export const faultNames = [
  '503',
  '500',
  '429',
  'html',
  'malformed',
  'hang',
  'lost',
  'slow',
  'reset-like',
  'redirect',
  'invalid_client',
  'invalid_grant',
] as const

type FaultableEndpoint = (typeof faultableEndpoints)[number]
export type FaultName = (typeof faultNames)[number]
export type Faults = { readonly [Endpoint in FaultableEndpoint]?: FaultName }

/** Applied to the finished answer by the Worker, not by the tenant, so that a delay blocks no other request. */
type DeliveryFault = 'hang' | 'reset' | `slow:${number}`

/** Internal header from the tenant to the Worker. */
export const deliveryFaultHeader = 'x-emulator-mishap'

const longestWaitMs = 60_000

/** The answer of a fault that replaces the endpoint; undefined if the endpoint runs. */
export function faultyAnswer(fault: FaultName, context: { correlationId: string }): Answer | undefined {
  const reason = `fault ${fault}`
  switch (fault) {
    case '503':
      return {
        ...oauthError(context, 'temporarily_unavailable', 'Service unavailable', { status: 503 }),
        reason,
      }
    case '500':
      return { ...oauthError(context, 'server_error', 'Unexpected error', { status: 500 }), reason }
    case '429':
      return json(
        { id: context.correlationId, code: 'REQUEST_LIMITED', message: 'Too many requests', details: [] },
        reason,
        429,
        { 'retry-after': '1' },
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
    // To an endpoint of this tenant that counts its requests, so that a test sees a client that follows.
    case 'redirect':
      return { response: new Response(null, { status: 307, headers: { location: './userinfo' } }), reason }
    case 'invalid_client': {
      const text = 'Request denied: Unsupported authentication method'
      return { ...oauthError(context, 'invalid_client', text, { status: 401 }), reason }
    }
    case 'invalid_grant':
      return { ...oauthError(context, 'invalid_grant', 'The grant is not valid'), reason }
    case 'hang':
    case 'reset-like':
      return { response: new Response(null, { status: 504 }), reason }
    // The endpoint runs.
    case 'lost':
    case 'slow':
  }
  return undefined
}

export function deliveryFaultOf(fault: FaultName | undefined, slowMs: number): DeliveryFault | undefined {
  if (fault === 'hang' || fault === 'lost') return 'hang'
  if (fault === 'reset-like') return 'reset'
  return fault === 'slow' ? `slow:${slowMs}` : undefined
}

export async function applyDeliveryFault(response: Response, signal: AbortSignal): Promise<Response> {
  const deliveryFault = response.headers.get(deliveryFaultHeader)
  if (deliveryFault === null) return response
  if (deliveryFault === 'reset') return brokenAnswer()
  await waitUnlessAborted(
    deliveryFault === 'hang' ? longestWaitMs : Number(deliveryFault.slice('slow:'.length)),
    signal,
  )
  if (deliveryFault === 'hang') return brokenAnswer()
  const answered = new Response(response.body, response)
  answered.headers.delete(deliveryFaultHeader)
  return answered
}

/** Resolves after the time, or when the caller disconnects. */
async function waitUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await scheduler.wait(milliseconds, { signal })
  } catch {
    // The caller disconnected.
  }
}

/** A Worker cannot drop a connection, so it sends the start of a body and aborts. */
function brokenAnswer(): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  void writer
    .write(new TextEncoder().encode('{'))
    .then(() => scheduler.wait(20))
    .then(() => writer.abort(new Error('broken off by a fault of the emulator')))
    // The reader may disconnect first.
    .catch(() => undefined)
  return new Response(readable, { headers: { 'content-type': 'application/json' } })
}
