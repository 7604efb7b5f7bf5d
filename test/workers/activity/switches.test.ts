import { expect, test } from 'vitest'
import type { SwitchTarget } from '#policy/switches.ts'
import { knownUser, Operator } from '../faults/operator.ts'
import {
  bodyOf,
  decide,
  denialOf,
  EDITOR,
  apply,
  documentOf,
  recordOf,
  stateFor,
  switchesFor,
} from './policy-story.ts'
import { SwitchChange } from '#operate/policy-schema.ts'

const UNKNOWN_HASH = 'A'.repeat(43)
const FRESH_SECONDS = 300

const turnOff = (operator: Operator, target: SwitchTarget, more: object = {}) =>
  operator.post('/switches', {
    act: crypto.randomUUID(),
    target,
    says: 'We look into something.',
    until: null,
    reason: 'ticket 7',
    ...more,
  })
const turnOn = (operator: Operator, id: string) =>
  operator.post(`/switches/${id}/end`, { act: crypto.randomUUID(), reason: 'ticket 8' })
const changeIn = (answer: Awaited<ReturnType<typeof turnOff>>) => bodyOf(SwitchChange, answer)

test('an operator switches a user off and on; both are on record before they take effect', async () => {
  const [operator, user] = [await Operator.signIn(), await knownUser('client')]
  const target = { kind: 'user', value: user.name } as const
  const { act, outcome } = changeIn(await turnOff(operator, target))
  expect(outcome).toBe('done')
  expect(await switchesFor(operator)).toContainEqual({
    id: act,
    target,
    says: 'We look into something.',
    since: expect.any(String),
    until: null,
  })
  expect(changeIn(await turnOn(operator, act)).outcome).toBe('done')
  expect((await switchesFor(operator)).filter(({ id }) => id === act)).toEqual([])
  expect(await recordOf(operator)).toEqual([
    ['began', 'switch-off', `user:${user.name}`],
    ['done', 'switch-off', 'done'],
    ['began', 'switch-on', `user:${user.name}`],
    ['done', 'switch-on', 'done'],
  ])
  expect(denialOf(await turnOn(operator, act))).toMatchObject({ status: 404 })
})

test.for([
  { kind: 'client', value: 'https://client.example/metadata.json' },
  { kind: 'domain', value: 'client.example' },
  { kind: 'tool', value: 'addTodo' },
  { kind: 'app', value: 'todos' },
  { kind: 'everything' },
] as const satisfies readonly SwitchTarget[])('$kind can be switched off until a time', async (target) => {
  const operator = await Operator.signIn()
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const { act } = changeIn(await turnOff(operator, target, { until }))
  expect(await switchesFor(operator)).toContainEqual(expect.objectContaining({ id: act, target, until }))
  changeIn(await turnOn(operator, act))
})

test('the same switch again is one switch, and one that is wrong is refused', async () => {
  const operator = await Operator.signIn()
  const act = crypto.randomUUID()
  const target = { kind: 'tool', value: 'addTodo' } as const
  changeIn(await turnOff(operator, target, { act }))
  changeIn(await turnOff(operator, target, { act }))
  expect((await switchesFor(operator)).filter(({ id }) => id === act)).toHaveLength(1)
  changeIn(await turnOn(operator, act))
  const nobody = { kind: 'user', value: 'A'.repeat(22) } as const
  expect(denialOf(await turnOff(operator, nobody))).toMatchObject({ status: 404 })
  const wrong = [
    { until: new Date(Date.now() - 1000).toISOString() },
    { says: '' },
    { says: 'two\nlines' },
    { says: 'turned \u202etxet' },
    { says: 'x'.repeat(301) },
    { target: { kind: 'everything', value: 'all' } },
    { target: { kind: 'server' } },
    { reason: ' ' },
  ]
  for (const one of wrong)
    expect([one, denialOf(await turnOff(operator, target, one)).code]).toEqual([one, 'invalid'])
  expect((await recordOf(operator)).filter(([what]) => what === 'began')).toHaveLength(3)
})

test('each change needs its role and a sign-in of the last five minutes, and leaves nothing without', async () => {
  const viewer = await Operator.signIn({ roles: ['viewer'] })
  const operator = await Operator.signIn({ roles: ['viewer', 'operator'] })
  const editor = await Operator.signIn(EDITOR)
  const authenticatedAtSeconds = Math.floor(Date.now() / 1000) - FRESH_SECONDS - 1
  const stale = await Operator.signIn({
    roles: ['viewer', 'operator', 'policy-editor'],
    authenticatedAtSeconds,
  })
  const before = await stateFor(viewer)
  const everything = { kind: 'everything' } as const
  const rollback = { act: crypto.randomUUID(), hash: before.inForce, base: before.inForce, reason: 'x' }
  const ofEditors = (one: Operator) => [
    () => apply(one, documentOf(['addTodo'])),
    () => one.post('/policy/rollback', rollback),
    () => decide(one, 'confirm', UNKNOWN_HASH),
    () => decide(one, 'drop', UNKNOWN_HASH),
  ]
  const { act } = changeIn(await turnOff(await Operator.signIn(), { kind: 'app', value: 'todos' }))
  const ofOperators = (one: Operator) => [() => turnOff(one, everything), () => turnOn(one, act)]
  const attempts = [
    ...[...ofEditors(viewer), ...ofOperators(viewer)].map((send) => ['role', send] as const),
    ...ofEditors(operator).map((send) => ['role', send] as const),
    ...ofOperators(editor).map((send) => ['role', send] as const),
    ...[...ofEditors(stale), ...ofOperators(stale)].map((send) => ['stale', send] as const),
  ]
  for (const [code, send] of attempts) expect(denialOf(await send())).toMatchObject({ status: 403, code })
  expect(await stateFor(viewer)).toEqual(before)
  expect((await switchesFor(viewer)).map(({ id }) => id)).toEqual([act])
  for (const one of [viewer, operator, editor, stale]) expect(await recordOf(one)).toEqual([])
  changeIn(await turnOn(await Operator.signIn(), act))
})
