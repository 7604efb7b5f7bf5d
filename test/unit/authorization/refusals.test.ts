import { expect, test } from 'vitest'
import { answerRefusal, readCallbackError } from '../../../src/authorization/refusals.ts'

test.each([
  ['access_denied', 'client', 'access_denied'],
  ['login_required', 'client', 'server_error'],
  ['invalid_scope', 'client', 'server_error'],
  ['server_error', 'client', 'server_error'],
  ['<script>alert(1)</script>', 'client', 'server_error'],
  ['what the flow designer typed', 'client', 'server_error'],
])('PingOne answering %j goes to the %s as %s, without its text', (error, to, code) => {
  const answer = answerRefusal(readCallbackError(error))
  expect(answer).toMatchObject({ to, code })
  expect(JSON.stringify(answer)).not.toMatch(/<|designer/)
})

test('an outage is for the person, who can try again', () => {
  expect(answerRefusal({ reason: 'broken', detail: 'storage' })).toMatchObject({ to: 'person', status: 503 })
  expect(answerRefusal(readCallbackError('temporarily_unavailable'))).toMatchObject({
    to: 'person',
    status: 503,
  })
})

test('a bug or an outage of ours is for the person, who can try again, and does not name its cause', () => {
  const answer = answerRefusal({ reason: 'broken', detail: 'TypeError: secret detail' })
  expect(answer).toMatchObject({ to: 'person', status: 503 })
  expect(JSON.stringify(answer)).not.toContain('detail')
})
