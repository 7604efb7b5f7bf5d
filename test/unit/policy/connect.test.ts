import { expect, test } from 'vitest'
import { compilePolicy } from '#policy/compile.ts'
import { decideConnection } from '#policy/connect.ts'
import { PolicyDocument } from '#policy/document.ts'

const mayConnect = (...asked: Parameters<typeof decideConnection>) => decideConnection(...asked).denial

async function policyOf(rules: readonly object[], more: object = {}) {
  const said = rules.map((rule) => ({ what: { kind: 'server' }, says: 'Ask Ada.', ...rule }))
  const document = PolicyDocument.parse({ version: 1, default: 'allow', ...more, rules: said })
  const policy = await compilePolicy(document)
  if (!policy.ok) throw new Error(policy.error.join('\n'))
  return policy.value
}

const about = (groups: string[], nowMs = Date.UTC(2026, 0, 5, 12)) => ({
  user: { id: 'ada', groups, claims: {}, acr: 'flow' },
  client: { id: 'client', domain: '', kind: 'registered' as const },
  request: { network: '192.0.2.0/24', authAgeSeconds: 5, transport: 'login' as const },
  nowMs,
})

test('without a rule about the connection everyone connects, whatever the default and other rules', async () => {
  const tools = { id: 'no-tools', what: { kind: 'any' }, effect: 'deny' }
  expect(mayConnect(await policyOf([tools], { default: 'hide' }), about([]))).toBeNull()
})

test('a rule that denies names itself; one that allows keeps out whoever it does not name', async () => {
  const guests = await policyOf([{ id: 'no-guests', who: [{ group: 'guests' }], effect: 'deny' }])
  expect(mayConnect(guests, about(['guests']))).toEqual({
    reason: 'policy_no_access',
    rule: 'no-guests',
    says: 'Ask Ada.',
    opensAtMs: null,
  })
  expect(mayConnect(guests, about(['staff']))).toBeNull()
  const staff = await policyOf([{ id: 'staff', who: [{ group: 'staff' }], effect: 'allow' }])
  expect(mayConnect(staff, about(['staff']))).toBeNull()
  expect(mayConnect(staff, about([]))).toMatchObject({ reason: 'policy_no_access', rule: null, says: null })
})

test('a rule in shadow keeps nobody out', async () => {
  const shadow = await policyOf([{ id: 'nobody', effect: 'deny', mode: 'shadow' }])
  expect(mayConnect(shadow, about([]))).toBeNull()
  expect(decideConnection(shadow, about([]))).toEqual({ denial: null, wouldDeny: ['nobody'] })
})

test('a rule about the time says when the connection opens', async () => {
  const night = await policyOf([{ id: 'night', if: "now.getHours('UTC') < 8", effect: 'deny' }])
  const denial = mayConnect(night, about([], Date.UTC(2026, 0, 5, 6)))
  expect(denial).toMatchObject({ rule: 'night', opensAtMs: Date.UTC(2026, 0, 5, 8) })
  expect(mayConnect(night, about([]))).toBeNull()
})
