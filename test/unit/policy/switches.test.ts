import { expect, test } from 'vitest'
import type { Subject } from '#policy/question.ts'
import { Switch, SwitchTarget, switchedOff } from '#policy/switches.ts'

const NOW = 1_000
const one = (target: SwitchTarget, untilMs: number | null = null): Switch => ({
  id: crypto.randomUUID(),
  target,
  says: 'It is being repaired.',
  sinceMs: 0,
  untilMs,
})
const client = { id: 'https://client.example/a.json', domain: 'client.example' }
const tool: Subject = { app: 'todos', kind: 'tool', names: ['addTodo'] }
const prompt: Subject = { app: 'todos', kind: 'prompt', names: ['addTodo'] }
const isOff = (target: SwitchTarget, subject: Subject | null = null) =>
  switchedOff([one(target)], { user: 'ada', client, subject }, NOW) !== null

test.each<[SwitchTarget, boolean]>([
  [{ kind: 'everything' }, true],
  [{ kind: 'user', value: 'ada' }, true],
  [{ kind: 'user', value: 'bob' }, false],
  [{ kind: 'client', value: client.id }, true],
  [{ kind: 'client', value: 'client.example' }, false],
  [{ kind: 'domain', value: 'client.example' }, true],
  [{ kind: 'domain', value: 'a.client.example' }, false],
  [{ kind: 'tool', value: 'addTodo' }, false],
  [{ kind: 'app', value: 'todos' }, false],
])('%j concerns a request as a whole: %s', (target, off) => {
  expect(isOff(target)).toBe(off)
})

test.each<[SwitchTarget, Subject, boolean]>([
  [{ kind: 'tool', value: 'addTodo' }, tool, true],
  [{ kind: 'tool', value: 'addTodo' }, prompt, false],
  [{ kind: 'tool', value: 'add' }, tool, false],
  [{ kind: 'app', value: 'todos' }, tool, true],
  [{ kind: 'app', value: 'todos' }, prompt, true],
  [{ kind: 'app', value: 'notes' }, tool, false],
])('%j concerns %j: %s', (target, subject, off) => {
  expect(isOff(target, subject)).toBe(off)
})

test('a client without a domain has none to be switched off by', () => {
  const registered = { id: 'abc', domain: '' }
  const switches = [one({ kind: 'domain', value: 'abc' })]
  expect(switchedOff(switches, { user: 'ada', client: registered, subject: null }, NOW)).toBeNull()
})

test('a switch ends by itself, and of several the last to end is told', () => {
  const everything: SwitchTarget = { kind: 'everything' }
  const [over, soon, late] = [one(everything, NOW), one(everything, NOW + 1), one(everything, NOW + 9)]
  const off = (...switches: Switch[]) =>
    switchedOff(switches, { user: 'ada', client, subject: null }, NOW)?.id
  expect(off()).toBeUndefined()
  expect(off(over)).toBeUndefined()
  expect(off(over, soon)).toBe(soon.id)
  expect(off(soon, late, over)).toBe(late.id)
  const forever = one(everything)
  expect(off(late, forever, soon)).toBe(forever.id)
})

test.each([
  ['user', 64],
  ['client', 2048],
  ['domain', 253],
  ['tool', 128],
  ['app', 64],
])('a switch of kind %s names what it turns off, in at most %i characters', (kind, most) => {
  const isTarget = (value: unknown) => SwitchTarget.safeParse(value).success
  expect(isTarget({ kind, value: 'a' })).toBe(true)
  expect(isTarget({ kind, value: 'a'.repeat(most) })).toBe(true)
  expect(isTarget({ kind, value: 'a'.repeat(most + 1) })).toBe(false)
  expect(isTarget({ kind, value: '' })).toBe(false)
  expect(isTarget({ kind })).toBe(false)
})

test('a switch of everything names nothing', () => {
  expect(SwitchTarget.safeParse({ kind: 'everything' }).success).toBe(true)
  expect(SwitchTarget.safeParse({ kind: 'everything', value: 'a' }).success).toBe(false)
  expect(SwitchTarget.safeParse({ kind: 'nothing' }).success).toBe(false)
})

test('a switch has a sentence for those whom it concerns', () => {
  const one = {
    id: '6f1b1c1e-0d5a-4a52-9a55-1d0a3b2c4d5e',
    target: { kind: 'everything' },
    says: 'Closed for an hour.',
    sinceMs: 0,
    untilMs: null,
  }
  const isSwitch = (over: Record<string, unknown>) => Switch.safeParse({ ...one, ...over }).success
  expect(Switch.parse(one)).toEqual(one)
  expect(isSwitch({ untilMs: 1 })).toBe(true)
  expect(isSwitch({ says: 'a'.repeat(300) })).toBe(true)
  for (const wrong of [
    { says: '' },
    { says: 'a'.repeat(301) },
    { id: 'x' },
    { untilMs: undefined },
    { more: 1 },
  ])
    expect(isSwitch(wrong)).toBe(false)
})
