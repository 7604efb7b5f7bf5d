import { createServer } from 'node:http'
import { z } from 'zod'

/** A PingOne environment of somebody else, and every request that came to it beyond its discovery document. */
export interface AnotherTenant extends AsyncDisposable {
  readonly issuer: string
  readonly requests: readonly string[]
}

const ENVIRONMENT_ID = '99999999-0000-4000-8000-000000000009'
const Address = z.object({ port: z.number() })

/** It says of every token that it is dead: whoever believes it signs users out for a typing error. */
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
