import { expect, test } from 'vitest'
import { answerStop } from '#mcp/edge/denials.ts'
import { forwardRequest } from '#mcp/edge/arrival.ts'
import { guardMcpRequest } from '#mcp/edge/guard-request.ts'
import { readPrincipal, writePrincipal } from '#mcp/session/headers.ts'
import { readDownstreamToken } from '#mcp/calls/downstream-token.ts'
import { sayDenial } from '#mcp/calls/tool-denial.ts'
import { words } from '#harness/product.ts'
import { Secret } from '#lib/secret.ts'

const URL_OF_MCP = 'https://mcp.example.test/mcp'
const allowed = {
  publicOrigin: 'https://mcp.example.test',
  allowedOrigins: ['https://inspector.example.test'],
}

test.each([
  [{}, null],
  [{ origin: 'https://mcp.example.test' }, null],
  [{ origin: 'https://inspector.example.test' }, null],
  [{ origin: 'https://inspector.example.test.evil.example' }, 403],
  [{ origin: 'http://mcp.example.test' }, 403],
  [{ origin: 'null' }, 403],
  [{ origin: '' }, 403],
])('a request with %j gets %j before the bearer is looked at', (headers, status) => {
  // Node forbids an Origin of our choice in a Request; the guard reads two fields.
  const request = Object.assign(new Request(URL_OF_MCP, { method: 'POST' }), {})
  Object.defineProperty(request, 'headers', { value: new Headers(headers) })
  expect(guardMcpRequest(request, allowed)?.status ?? null).toBe(status)
})

test('a transport sees the headers of MCP, no bearer, and no query', () => {
  const request = forwardRequest(
    new Request(`${URL_OF_MCP}?_pk=x`, {
      method: 'POST',
      body: 'old',
      headers: {
        authorization: 'Bearer x',
        'x-mcp-auth-principal': 'x',
        'x-agents-lifecycle-props': 'x',
        'cf-mcp-message': 'x',
        'mcp-session-id': 's',
        'mcp-param-city': 'p',
        accept: 'application/json',
      },
    }),
  )
  expect(request.url).toBe(URL_OF_MCP)
  expect([...request.headers].filter(([name]) => name !== 'content-type')).toEqual([
    ['accept', 'application/json'],
    ['host', 'mcp.example.test'],
    ['mcp-param-city', 'p'],
    ['mcp-session-id', 's'],
  ])
})

test('a principal survives its header, whatever its client id holds', () => {
  const principal = {
    user: 'ada',
    grant: 'g1',
    client: 'https://client.example/ü',
    scopes: ['todo:read'],
    expiresAtSeconds: 1,
    tokenHash: 'hash',
    canAudit: false,
    isNameHidden: false,
    hidden: [],
  }
  expect(readPrincipal(writePrincipal(principal))).toEqual(principal)
  for (const header of [undefined, null, '', 'e30', '%%%']) {
    expect(() => readPrincipal(header)).toThrow(Error)
  }
})

test('a call that could not start becomes the HTTP answer that it means', () => {
  const auth = { token: 't', audience: URL_OF_MCP, scope: [] }
  const ended = answerStop({ reason: 'ended' }, auth)
  expect(ended?.status).toBe(401)
  expect(ended?.headers.get('www-authenticate')).toBe(
    'Bearer realm="OAuth", error="invalid_token", resource_metadata="https://mcp.example.test/.well-known/oauth-protected-resource/mcp"',
  )
  const busy = answerStop({ reason: 'not_started', retryAfterSeconds: 9 }, auth)
  expect([busy?.status, busy?.headers.get('retry-after')]).toEqual([503, '9'])
  expect(answerStop({ reason: 'unknown_outcome' }, auth)).toBeNull()
})

test('every denial says whether something changed and what to do next', () => {
  const plain = ['unauthorized', 'forbidden', 'gone', 'invalid', 'too_large', 'unavailable'] as const
  const said = [
    ...plain.map((reason) => sayDenial({ reason }, words)),
    ...(['scope_missing', 'bad_input', 'ended', 'bad_key'] as const).map((reason) =>
      sayDenial({ reason }, words),
    ),
    sayDenial({ reason: 'busy', retryAfterSeconds: null }, words),
    sayDenial({ reason: 'not_started', retryAfterSeconds: 3 }, words),
    sayDenial({ reason: 'broken', incident: 'abc' }, words),
  ]
  for (const sentence of said) expect(sentence).toContain('Nothing was changed.')
  expect(sayDenial({ reason: 'unknown_outcome' }, words)).toContain('Do not repeat it')
  expect(sayDenial({ reason: 'key_of_another_call' }, words)).toContain('Nothing was changed by this call.')
  expect(sayDenial({ reason: 'already_done' }, words)).toMatch(/not made again\. Call listTodos/)
  expect(sayDenial({ reason: 'still_running' }, words)).toMatch(
    /not started a second time\. Ask again in a moment/,
  )
})

test('a downstream token is decoded without what names a session or an actor', async () => {
  const claims = {
    iss: 'https://auth.pingone.test/as',
    aud: 'todo-api',
    scope: 'todo:read todo:write',
    acr: 'p\u202E1',
    exp: 12,
    sid: 'no',
    jti: 'no',
    act: { sub: 'no' },
  }
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
  expect(await readDownstreamToken(new Secret(token))).toEqual({
    issuer: 'https://auth.pingone.test/as',
    audience: ['todo-api'],
    scopes: ['todo:read', 'todo:write'],
    acr: 'p1',
    expiresAtSeconds: 12,
    thumbprint: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  })
  for (const opaque of ['opaque', 'a.b.c', `a.${btoa('[]')}.c`]) {
    expect(await readDownstreamToken(new Secret(opaque))).toBeNull()
  }
})
