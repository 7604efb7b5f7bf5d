import { expect, test } from 'vitest'
import { z } from 'zod'
import { INITIALIZE, mcpHeaders } from '#harness/messages.ts'
import { ORIGIN } from '../settings.ts'
import { serverWith } from './server.ts'

const PAGE = 'https://agent.example.com'
const server = serverWith({ ALLOWED_ORIGINS: PAGE })
const Denial = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.null(),
  error: z.object({ code: z.literal(-31_000), message: z.string() }),
})
const sentenceOf = async (answer: Response) => {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  return Denial.parse(await answer.json()).error.message
}
const initialize = JSON.stringify(INITIALIZE)
const post = (path: string, headers: Readonly<Record<string, string>> = {}, body = initialize) =>
  server.send(path, { method: 'POST', headers: mcpHeaders(null, headers), body })
const CHALLENGE = `Bearer realm="OAuth", resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`

test('who has no token hears what to do, beside the challenge', async () => {
  const answer = await post('/mcp')
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe(`${CHALLENGE}, scope="todo:read"`)
  expect(await sentenceOf(answer)).toMatch(/^Sign in to use this server: .*connect to this server again/)
})

test.each(['x', 'MARKER:MARKER:MARKER', `${'a'.repeat(32)}:${'b'.repeat(16)}:${'c'.repeat(32)}`])(
  'a token that is not valid is told so and no more: %s',
  async (token) => {
    const answer = await post('/mcp', { authorization: `Bearer ${token}` })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(
      `${CHALLENGE}, error="invalid_token", scope="todo:read"`,
    )
    expect(await sentenceOf(answer)).toBe(
      'This access is not valid any more. Sign in again to use this server: your MCP client opens a browser for it. ' +
        'If it does not, remove its login and connect again.',
    )
  },
)

test('GET for events without a session is the old transport: it hears which one is spoken here before any sign-in', async () => {
  const answer = await server.send('/mcp', { headers: { accept: 'text/event-stream' } })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  expect(await sentenceOf(answer)).toMatch(
    /^This server speaks the Streamable HTTP transport of MCP at this address/,
  )
})

test('any other GET is challenged: some clients find out in this way where to sign in', async () => {
  for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
    const answer = await server.send('/mcp', { headers })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      `${CHALLENGE}, scope="todo:read"`,
    ])
    await sentenceOf(answer)
  }
})

test('a page of an allowed origin can read what it hears', async () => {
  for (const answer of [
    await post('/mcp', { origin: PAGE }),
    await server.send('/mcp', { headers: { origin: PAGE, accept: 'text/event-stream' } }),
  ]) {
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE)
    await sentenceOf(answer)
  }
})

test.each(['2025-11-25', '2025-06-18', '2026-07-28'])(
  'a client of today, which names its revision %s, is challenged as ever',
  async (revision) => {
    const headers = { accept: 'text/event-stream', 'mcp-protocol-version': revision }
    const answer = await server.send('/mcp', { headers })
    expect(answer.status).toBe(401)
    await sentenceOf(answer)
  },
)

test.each(['/mcp/', '/mcp/x', '/mcp//', '/mcp/sse'])('%s says what the address is', async (path) => {
  for (const answer of [
    await post(path),
    await server.send(path),
    await post(path, { authorization: 'Bearer x' }),
  ]) {
    expect(answer.status).toBe(404)
    expect(await sentenceOf(answer)).toBe(
      `The address of this server is ${ORIGIN}/mcp, exactly so. Nothing was done.`,
    )
  }
})
