import { makePingOne } from '#pingone/client.ts'
import type { PingOneSettings } from '#pingone/connection.ts'

export const ISSUER = 'https://auth.pingone.example/env/as'
export const CLIENT_ID = 'this-server'

export interface Sent {
  readonly path: string
  readonly form: URLSearchParams
  readonly authorization: string | null
  readonly headers: Headers
}

const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
}

export const SECRETS = { verifier: 'v'.repeat(43), nonce: 'the-nonce', issuer: ISSUER }

/** Our PingOne client, and its requests without discovery. `answer` plays PingOne. */
export function playPingOne(
  settings: Pick<PingOneSettings, 'clientAuth'> & Partial<PingOneSettings>,
  answer: (sent: Sent) => Response | Promise<Response>,
  document: Readonly<Record<string, unknown>> = metadata,
) {
  const requests: Sent[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const path = request.url.slice(ISSUER.length)
    if (path === '/.well-known/openid-configuration') return Response.json(document)
    const form = new URLSearchParams(await request.text())
    const sent = { path, form, authorization: request.headers.get('authorization'), headers: request.headers }
    requests.push(sent)
    return answer(sent)
  }
  const client = makePingOne(
    {
      issuer: ISSUER,
      policyIds: ['policy'],
      clientId: CLIENT_ID,
      extraScopes: [],
      sendResource: false,
      par: false,
      environments: { ofIssuer: null, accepted: [] },
      maxAuthAgeSeconds: null,
      claims: { groups: null, policy: [] },
      apiIdentifier: 'https://todo.api.example',
      deadlineMs: 10_000,
      ...settings,
    },
    { fetch, now: () => Math.floor(Date.now() / 1000) },
  )
  return { client, requests, metadata }
}
