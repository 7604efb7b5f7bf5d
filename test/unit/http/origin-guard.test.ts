import { expect, test } from 'vitest'
import { refuseOtherOrigins } from '#http/guards.ts'

const ask = (url: string, ours: string) => refuseOtherOrigins(new Request(url), ours)

test('a request for exactly our origin passes', () => {
  expect(ask('https://mcp.example.com/mcp', 'https://mcp.example.com')).toBeNull()
})

test.each([
  'https://mcp.account.workers.dev/mcp',
  'http://mcp.example.com/mcp',
  'https://mcp.example.com:8443/',
  'https://mcp.example.com.evil.example/',
  'http://localhost:8787/mcp',
])('%s is 421 without a word', async (url) => {
  const answer = ask(url, 'https://mcp.example.com')
  expect(answer?.status).toBe(421)
  expect(await answer?.text()).toBe('')
})

test('on one’s own machine the right spelling is named', async () => {
  const answer = ask('http://127.0.0.1:8787/mcp', 'http://localhost:8787')
  expect(answer?.status).toBe(421)
  expect(await answer?.text()).toContain('http://localhost:8787')
})
