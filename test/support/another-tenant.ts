import { createServer } from 'node:http'
import { z } from 'zod'

/** Another PingOne environment, and every request to it except for its discovery document. */
export interface AnotherTenant extends AsyncDisposable {
  readonly issuer: string
  readonly requests: readonly string[]
}

const ENVIRONMENT_ID = '99999999-0000-4000-8000-000000000009'
const Address = z.object({ port: z.number() })

/** Answers that every token is dead: a server that believes it signs users out because of a typo. */
export async function startAnotherTenant(): Promise<AnotherTenant> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const origin = `http://localhost:${Address.parse(server.address()).port}`
    const issuer = `${origin}/${ENVIRONMENT_ID}/as`
    const isDiscovery = request.url?.endsWith('/.well-known/openid-configuration') === true
    if (!isDiscovery) requests.push(`${request.method} ${request.url}`)
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/jwks`,
    }
    response.writeHead(isDiscovery ? 200 : 400, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isDiscovery ? document : { error: 'invalid_grant' }))
  })
  await new Promise<void>((resolve) => {
    server.listen({ host: 'localhost', port: 0 }, resolve)
  })
  server.unref()
  const { port } = Address.parse(server.address())
  return {
    issuer: `http://localhost:${port}/${ENVIRONMENT_ID}/as`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
