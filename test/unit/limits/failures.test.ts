import { expect, test, vi } from 'vitest'
import { Failures } from '#limits/failures.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})

const TOKEN = `${'n'.repeat(22)}.k1.${'m'.repeat(43)}:${'g'.repeat(16)}:${'s'.repeat(32)}`
const ADDRESS = '203.0.113.7'
const NETWORK = '203.0.113.0/24'

async function countedFor(token: string): Promise<string[]> {
  const keys: string[] = []
  const limiter = {
    limit: async ({ key }: { key: string }) => {
      keys.push(key)
      return { success: true }
    },
  }
  const request = new Request('https://mcp.example.test/mcp', { headers: { 'CF-Connecting-IP': ADDRESS } })
  const failed = async () => new Response(null, { status: 401 })
  const answer = await new Failures(limiter, () => 0).limitToken(
    { request, token, isRetired: true },
    failed,
    () => new Response(null, { status: 429 }),
  )
  expect(answer.status).toBe(401)
  return keys
}

test('a failed token of a known grant counts for the grant, from its network', async () => {
  const [user = '', grant = ''] = TOKEN.split(':')
  expect(await countedFor(TOKEN)).toEqual([`grant ${user}:${grant} ${NETWORK}`])
})

test.each([
  ['without a secret', TOKEN.slice(0, -32)],
  ['with a long secret', `${TOKEN}s`],
  ['whose user id has no MAC', `ada:${'g'.repeat(16)}:${'s'.repeat(32)}`],
])('a token %s counts for its network, even under a retired key', async (_what, token) => {
  expect(await countedFor(token)).toEqual([`network ${NETWORK}`])
})
