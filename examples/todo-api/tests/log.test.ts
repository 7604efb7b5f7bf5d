import { exports } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'

import { claimsOf, fetchWith, ORIGIN, problemOf, sign } from './support.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Collects the lines that are logged after this call. */
function readLog() {
  const lines: string[] = []
  for (const level of ['log', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void lines.push(String(line)))
  }
  return lines
}

test('a denial is one line in the log, with the ids of the caller and without the token', async () => {
  const lines = readLog()
  const token = await sign(claimsOf({ aud: 'another-api' }))
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await exports.default.fetch(`${ORIGIN}/api/todos?secret=1`, {
    headers: { Authorization: `Bearer ${token}`, 'X-Ping-External-Transaction-Id': 'tx-1', traceparent },
  })
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      level: 'warn',
      event: 'request.refused',
      status: 401,
      code: 'invalid_token',
      why: 'ERR_JWT_CLAIM_VALIDATION_FAILED aud',
      method: 'GET',
      path: '/api/todos',
      transactionId: 'tx-1',
      traceparent,
    },
  ])
})

test('a write that was done is one line with the transaction of the caller and without the text', async () => {
  const lines = readLog()
  const request = async (method: string, body?: object) =>
    exports.default.fetch(`${ORIGIN}/api/todos`, {
      method,
      headers: {
        Authorization: `Bearer ${await sign(claimsOf({ sub: 'a-writer' }))}`,
        'Content-Type': 'application/json',
        'X-Ping-External-Transaction-Id': 'tx-2',
        'Idempotency-Key': 'key-1',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  await request('GET')
  await request('POST', { todoText: 'a secret of the writer' })
  await request('POST', { todoText: 'a secret of the writer' })
  const line = { level: 'info', event: 'todos.written', method: 'POST', path: '/api/todos' }
  expect(lines.map((text): unknown => JSON.parse(text))).toEqual([
    { ...line, isReplayed: false, transactionId: 'tx-2' },
    { ...line, isReplayed: true, transactionId: 'tx-2' },
  ])
})

test('ids of the caller that are not ids stay out of the log', async () => {
  const lines = readLog()
  await exports.default.fetch(`${ORIGIN}/nowhere`, {
    headers: { 'X-Ping-External-Transaction-Id': 'x'.repeat(129), traceparent: '00-zz-{"level":"error"}' },
  })
  expect(lines).toHaveLength(1)
  expect(Object.keys(JSON.parse(lines[0] ?? '{}'))).toEqual([
    'level',
    'event',
    'status',
    'code',
    'method',
    'path',
  ])
})

test('something unexpected is a 500 with an incident id, and only the log says what it was', async () => {
  const lines = readLog()
  const token = await sign(claimsOf())
  const broken = {
    getByName: () => {
      throw new Error(`storage lost for Bearer ${token}`, { cause: new Error(token) })
    },
  }
  const request = new Request(`${ORIGIN}/api/todos`, { headers: { Authorization: `Bearer ${token}` } })
  const answer = await fetchWith({ TODO_LISTS: broken }, request)
  const problem = await problemOf(answer)
  expect(problem).toMatchObject({
    status: 500,
    code: 'unexpected',
    incident: expect.stringMatching(/^[\da-f-]{36}$/),
  })
  expect(JSON.stringify(problem)).not.toContain('storage')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(problem.incident)
  expect(lines[0]).toContain('storage lost for [secret]')
  expect(lines[0]).not.toContain(token.slice(0, 20))
})
