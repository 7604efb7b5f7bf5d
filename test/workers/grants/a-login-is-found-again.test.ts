import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Client } from '../faults/client.ts'
import { breakDown, heal } from '../faults/faults.ts'
import { lastTokenRequest } from '../pingone.ts'

const logSpies = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))
afterEach(() => {
  heal()
  for (const spy of logSpies) spy.mockClear()
})

const Line = z.object({ event: z.string() }).loose()
const linesOf = (event: string) =>
  logSpies
    .flatMap((spy) => spy.mock.calls)
    .filter(([text]) => String(text).includes(`"${event}"`))
    .map(([text]) => Line.parse(JSON.parse(String(text))))

test('a login has one transaction, here and at PingOne, and a line for each request without its query', async () => {
  const client = await Client.register()
  await client.signIn()
  const [completed] = linesOf('login.completed')
  expect(completed?.['transaction']).toMatch(/^[0-9a-f-]{36}$/)
  expect(lastTokenRequest.transaction).toBe(completed?.['transaction'])
  const requests = linesOf('oauth.answered')
  expect(new Set(requests.map(({ path }) => path))).toEqual(
    new Set(['/register', '/authorize', '/callback', '/token']),
  )
  for (const line of requests) {
    expect(Object.keys(line).toSorted()).toEqual(['event', 'level', 'method', 'ms', 'path', 'status'])
    expect(line['status']).toBeLessThan(400)
  }
})

test('a login that PingOne refused is found by the same id', async () => {
  const login = await (await Client.register()).login().toCallback()
  breakDown('token', '500')
  await login.step()
  const [denied] = linesOf('login.refused')
  expect(denied?.['transaction']).toMatch(/^[0-9a-f-]{36}$/)
})
