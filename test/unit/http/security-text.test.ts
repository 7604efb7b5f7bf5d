import { expect, test } from 'vitest'
import { answerSecurityText } from '#http/answers.ts'

const DAY_MS = 86_400_000
const noonMs = Date.UTC(2026, 10, 29, 12)
const contacts = ['mailto:security@example.com', 'https://example.com/report']
const ask = (publicOrigin: string, nowMs = noonMs) =>
  answerSecurityText({ publicOrigin, securityContacts: contacts }, nowMs)

test('security.txt has the fields of RFC 9116, the first contact first', async () => {
  const answer = ask('https://mcp.example.com')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect((await answer.text()).split('\n')).toEqual([
    'Contact: mailto:security@example.com',
    'Contact: https://example.com/report',
    'Expires: 2027-11-28T00:00:00.000Z',
    'Preferred-Languages: en',
    'Canonical: https://mcp.example.com/.well-known/security.txt',
    '',
  ])
})

test('it is canonical only on https', async () => {
  expect(await ask('http://localhost:8787').text()).not.toContain('Canonical')
})

test('it always ends in the next year, and its end moves once a day', async () => {
  const endAt = async (nowMs: number) =>
    Date.parse(/^Expires: (.+)$/m.exec(await ask('https://x.example', nowMs).text())?.[1] ?? '')
  for (const hours of [0, 1, 11, 12, 23, 24 * 366]) {
    const nowMs = noonMs + hours * 3_600_000
    const aheadMs = (await endAt(nowMs)) - nowMs
    expect([hours, aheadMs > 363 * DAY_MS && aheadMs < 365 * DAY_MS]).toEqual([hours, true])
  }
  expect(await endAt(noonMs + 1)).toBe(await endAt(noonMs))
})
