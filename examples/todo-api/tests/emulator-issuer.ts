/**
 * Emulates issuers outside of workerd, so that the Worker's fetches are real. `PUT <issuer>` sets the answer to
 * `GET <issuer>/jwks`: a body, or the name of a fault. `GET <issuer>/asked` counts the requests.
 */
type Issuer = { answer: () => Response | Promise<Response>; asked: number }

const issuers = new Map<string, Issuer>()

const faults: Readonly<Record<string, () => Response | Promise<Response>>> = {
  down: () => new Response('<h1>Service Unavailable</h1>', { status: 503 }),
  moved: () =>
    new Response(null, { status: 302, headers: { Location: 'https://issuer.test/steady/as/jwks' } }),
  html: () => new Response('<h1>Welcome</h1>'),
  empty: () => Response.json({ keys: [] }),
  huge: () => new Response(`{"keys":[{"kty":"RSA"}],"x":"${'x'.repeat(100_000)}"}`),
  silent: () => new Promise<Response>(() => {}),
}

export async function answerAsIssuer(request: Request): Promise<Response> {
  const [, address = '', kind] = /^(.*?\/as)(\/jwks|\/asked)?$/.exec(request.url) ?? []
  const issuer = issuers.get(address)
  if (request.method === 'PUT') {
    const body = await request.text()
    const answer =
      faults[body] ?? (() => new Response(body, { headers: { 'Content-Type': 'application/json' } }))
    issuers.set(address, { answer, asked: issuer?.asked ?? 0 })
    return new Response(null, { status: 204 })
  }
  if (issuer === undefined || kind === undefined) return new Response(null, { status: 404 })
  if (kind === '/asked') return Response.json(issuer.asked)
  issuer.asked++
  return issuer.answer()
}
