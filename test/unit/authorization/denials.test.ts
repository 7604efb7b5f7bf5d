import { expect, test } from 'vitest'
import { answerDenial } from '#authorization/login/denials.ts'
import { readCallbackError } from '#authorization/login/read-callback.ts'
import { endedDescription } from '#authorization/oauth-denial.ts'
import { EndReason } from '#users/grants/grant.ts'

test.each([
  ['access_denied', 'client', 'access_denied'],
  ['login_required', 'client', 'server_error'],
  ['invalid_scope', 'client', 'server_error'],
  ['server_error', 'client', 'server_error'],
  ['<script>alert(1)</script>', 'client', 'server_error'],
  ['what the flow designer typed', 'client', 'server_error'],
])('PingOne answering %j goes to the %s as %s, without its text', (error, to, code) => {
  const answer = answerDenial(readCallbackError(error))
  expect(answer).toMatchObject({ to, code })
  expect(JSON.stringify(answer)).not.toMatch(/<|designer/)
})

test('an outage is for the user, who can try again', () => {
  expect(answerDenial({ reason: 'broken', detail: 'storage' })).toMatchObject({ to: 'user', status: 503 })
  expect(answerDenial(readCallbackError('temporarily_unavailable'))).toMatchObject({
    to: 'user',
    status: 503,
  })
})

test('a bug or an outage of ours is for the user, who can try again, and does not name its cause', () => {
  const answer = answerDenial({ reason: 'broken', detail: 'TypeError: secret detail' })
  expect(answer).toMatchObject({ to: 'user', status: 503 })
  expect(JSON.stringify(answer)).not.toContain('detail')
})

test.each([
  ['invalid_request', 'PolicyId not found (Correlation ID: 3f2a)'],
  ['login_required', 'FlowId not found'],
  ['access_denied', 'policyid not found'],
])(
  'a flow policy that PingOne does not find is for the operator, whichever code comes with it: %s',
  (error, text) => {
    const denial = readCallbackError(error, text)
    expect(denial).toEqual({ reason: 'misconfigured', detail: 'policy_not_found' })
    expect(answerDenial(denial)).toMatchObject({ to: 'client', code: 'server_error' })
  },
)

test.each([null, '', 'The policy was not found', 'x'.repeat(5000) + 'PolicyId not found'])(
  'another text changes nothing: %s',
  (text) => {
    expect(readCallbackError('login_required', text)).toEqual({
      reason: 'refused_by_pingone',
      detail: 'login_required',
    })
  },
)

test.for(EndReason.options)('the end "%s" is told in words that an error_description can have', (reason) => {
  const words = endedDescription(reason, 20)
  // RFC 6749 §5.2 limits the characters. Most clients would show an internal name to the user.
  expect(words).toMatch(/^This access has ended: [a-zA-Z][a-zA-Z0-9 ,;-]{15,120}$/)
  expect(words).not.toContain(reason.includes('_') ? reason : `: ${reason}`)
})
