import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import worker from '../todos-worker.ts'
import { ORIGIN } from '../settings.ts'
import { authorizeFields, CHALLENGE, VERIFIER } from '../wire.ts'

type Parameters = Readonly<Record<string, string | undefined>>
const withoutGaps = (parameters: Parameters): [string, string][] =>
  Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))

/** The Worker under these settings, with one env object as in an isolate. */
export function serverWith(settings: Readonly<Record<string, unknown>> = {}) {
  const bindings = { ...env, ...settings }
  const send = async (input: string, init?: RequestInit<IncomingRequestCfProperties>): Promise<Response> =>
    worker.fetch(
      new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${input}`, init),
      bindings,
      createExecutionContext(),
    )
  return {
    send,
    authorize: (client: string, redirectUri: string, more: Parameters = {}) =>
      send(
        `/authorize?${new URLSearchParams(
          withoutGaps({
            ...authorizeFields(client, redirectUri),
            scope: undefined,
            ...more,
          }),
        ).toString()}`,
      ),
    token: (parameters: Parameters, headers: Readonly<Record<string, string>> = {}) =>
      send('/token', { method: 'POST', headers, body: new URLSearchParams(withoutGaps(parameters)) }),
    register: (metadata: unknown) =>
      send('/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
      }),
  }
}

export const pkce = { verifier: VERIFIER, challenge: CHALLENGE }

/** The client id of a successful registration. */
export async function registered(answer: Response): Promise<string> {
  const body: unknown = await answer.json()
  if (answer.status !== 201 || typeof body !== 'object' || body === null || !('client_id' in body)) {
    throw new Error(`registration: ${answer.status} ${JSON.stringify(body)}`)
  }
  return String(body.client_id)
}

export async function pageOf(answer: Response) {
  const html = await answer.text()
  const text = html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    title: /<title>([^<]*)/.exec(html)?.[1],
    text,
  }
}
