import { expect, test } from 'vitest'
import { serverWith } from './server.ts'

// CORS (Fetch §3.2): the OAuth endpoints and the metadata are open to any origin, because browsers send nothing there
// by themselves. /mcp accepts only origins that the operator listed.
const ORIGIN = 'https://agent.example.com'
const server = serverWith({ ALLOWED_ORIGINS: ORIGIN })

const preflight = (path: string, origin: string, method: string, headers: string) =>
  server.send(path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': headers,
    },
  })
const listed = (answer: Response, name: string) =>
  (answer.headers.get(name) ?? '').split(',').map((word) => word.trim().toLowerCase())
const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin')

const METADATA = [
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-authorization-server',
] as const

test.each(METADATA)('%s can be read by a page of any origin', async (path) => {
  const origin = 'https://anyone.example'
  const preflightAnswer = await preflight(path, origin, 'GET', 'mcp-protocol-version')
  expect([preflightAnswer.status, allowed(preflightAnswer)]).toEqual([204, origin])
  expect(listed(preflightAnswer, 'access-control-allow-headers')).toContain('*')
  const answer = await server.send(path, { headers: { origin, 'mcp-protocol-version': '2026-07-28' } })
  expect([answer.status, allowed(answer)]).toEqual([200, origin])
  expect(listed(answer, 'vary')).toContain('origin')
})

test.each([
  ['/token', 'application/x-www-form-urlencoded', 'grant_type=refresh_token&refresh_token=x'],
  ['/register', 'application/json', '{}'],
])('%s answers a page of any origin, denials too', async (path, type, body) => {
  const origin = 'https://anyone.example'
  const preflightAnswer = await preflight(path, origin, 'POST', 'authorization,content-type')
  expect([preflightAnswer.status, allowed(preflightAnswer)]).toEqual([204, origin])
  expect(listed(preflightAnswer, 'access-control-allow-headers')).toContain('authorization')
  const answer = await server.send(path, { method: 'POST', headers: { origin, 'content-type': type }, body })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(allowed(answer)).toBe(origin)
  expect(listed(answer, 'access-control-expose-headers')).toContain('www-authenticate')
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
})

test('/mcp tells a page of an allowed origin by name what it may send, and lets it read the challenge', async () => {
  const preflightAnswer = await preflight('/mcp', ORIGIN, 'POST', 'authorization,mcp-session-id')
  expect([preflightAnswer.status, allowed(preflightAnswer)]).toEqual([204, ORIGIN])
  expect(listed(preflightAnswer, 'vary')).toContain('origin')
  expect(listed(preflightAnswer, 'access-control-allow-methods')).toEqual(['post', 'get', 'delete'])
  const mayBeSent = listed(preflightAnswer, 'access-control-allow-headers')
  for (const name of ['authorization', 'content-type', 'accept', 'last-event-id', 'traceparent'])
    expect(mayBeSent).toContain(name)
  for (const name of ['mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name'])
    expect(mayBeSent).toContain(name)
  const answer = await server.send('/mcp', { method: 'POST', headers: { origin: ORIGIN }, body: '{}' })
  expect([answer.status, allowed(answer)]).toEqual([401, ORIGIN])
  const readable = listed(answer, 'access-control-expose-headers')
  for (const name of ['www-authenticate', 'retry-after']) expect(readable).toContain(name)
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
})

test.each([
  'https://anyone.example',
  'https://agent.example.com.evil.example',
  'http://agent.example.com',
  'null',
])('/mcp tells a page of %s nothing', async (origin) => {
  for (const answer of [
    await preflight('/mcp', origin, 'POST', 'authorization'),
    await server.send('/mcp', { method: 'POST', headers: { origin }, body: '{}' }),
  ]) {
    expect([answer.status, allowed(answer)]).toEqual([403, null])
  }
})
