import { expect, test } from 'vitest'
import { control, documentText, editor, freshControl, hashOf } from './story.ts'
import { missing } from './worker.ts'

freshControl()

const begin = async (): Promise<string> => (await control().adopt(documentText('deny')))?.policy ?? ''
const wide = documentText('allow', 1)

test('a change that does not widen is in force at once', async () => {
  const base = await begin()
  const text = documentText('deny', 1)
  const hash = await hashOf(text)
  expect(await control().apply(text, base, editor('grace'), true)).toEqual({ outcome: 'in-force', hash })
  expect(await control().state()).toMatchObject({
    head: { policy: hash },
    pending: null,
    history: [{ hash, by: 'grace', confirmedBy: null, act: 'act-grace-0', how: 'applied' }, { hash: base }],
  })
  expect(await control().apply(text, base, editor('grace', 1), true)).toEqual({ outcome: 'unchanged', hash })
})

test('a change that widens waits for another editor, and the same editor cannot confirm it', async () => {
  const base = await begin()
  const hash = await hashOf(wide)
  const widens = ['What no rule names is allowed.']
  expect(await control().apply(wide, base, editor('grace'), true)).toEqual({
    outcome: 'pending',
    hash,
    widens,
  })
  expect(await control().state()).toMatchObject({
    head: { policy: base },
    pending: { hash, by: 'grace', base },
  })
  expect(await control().confirm(hash, editor('grace', 1))).toEqual({ outcome: 'same-editor' })
  expect(await control().confirm(base, editor('edsger'))).toEqual({ outcome: 'nothing-pending' })
  expect((await control().state()).head.policy).toBe(base)
  expect(await control().confirm(hash, editor('edsger'))).toEqual({ outcome: 'in-force', hash })
  expect(await control().state()).toMatchObject({
    head: { policy: hash },
    pending: null,
    history: [{ hash, by: 'grace', confirmedBy: 'edsger', how: 'applied' }, { hash: base }],
  })
})

test('an answer that is lost is given again: a change counts once', async () => {
  const base = await begin()
  const hash = await hashOf(wide)
  const apply = () => control().apply(wide, base, editor('grace'), true)
  expect(await apply()).toEqual(await apply())
  const confirm = () => control().confirm(hash, editor('edsger'))
  expect(await confirm()).toEqual(await confirm())
  expect((await control().state()).history).toHaveLength(2)
  const narrow = documentText('deny', 2)
  const applyNarrow = () => control().apply(narrow, hash, editor('grace', 1), true)
  expect(await applyNarrow()).toMatchObject({ outcome: 'in-force' })
  expect(await applyNarrow()).toMatchObject({ outcome: 'in-force' })
  expect((await control().state()).history).toHaveLength(3)
})

test('a document that waits cannot be confirmed once another one is in force', async () => {
  const base = await begin()
  const hash = await hashOf(wide)
  await control().apply(wide, base, editor('grace'), true)
  const other = documentText('deny', 2)
  await control().apply(other, base, editor('edsger'), true)
  const inForce = await hashOf(other)
  expect(await control().confirm(hash, editor('edsger'))).toEqual({ outcome: 'moved-on', inForce })
  expect((await control().state()).head.policy).toBe(inForce)
})

test('an editor who saw another policy in force is refused', async () => {
  const base = await begin()
  const other = documentText('deny', 2)
  await control().apply(other, base, editor('edsger'), true)
  const inForce = await hashOf(other)
  const late = await control().apply(documentText('deny', 3), base, editor('grace'), true)
  expect(late).toEqual({ outcome: 'moved-on', inForce })
})

test('a newer proposal replaces the one that waits, and a dropped one is gone', async () => {
  const base = await begin()
  const newer = documentText('allow', 2)
  await control().apply(wide, base, editor('grace'), true)
  await control().apply(newer, base, editor('edsger'), true)
  expect(await control().confirm(await hashOf(wide), editor('edsger'))).toEqual({
    outcome: 'nothing-pending',
  })
  expect(await control().readDocument(await hashOf(wide))).toBeNull()
  expect(await control().drop(await hashOf(wide), editor('grace'))).toBe('nothing-pending')
  expect(await control().drop(await hashOf(newer), editor('grace'))).toBe('done')
  expect((await control().state()).pending).toBeNull()
  expect(await control().readDocument(await hashOf(newer))).toBeNull()
})

test('a rollback brings back a document of the history, by the same rules', async () => {
  const base = await begin()
  const hash = await hashOf(wide)
  await control().apply(wide, base, editor('grace'), true)
  await control().confirm(hash, editor('edsger'))
  const back = await control().rollBack(base, hash, editor('grace', 1), true)
  expect(back).toEqual({ outcome: 'in-force', hash: base })
  expect((await control().state()).history[0]).toMatchObject({ hash: base, by: 'grace', how: 'rolled-back' })
  // Back to what is wider.
  const again = await control().rollBack(hash, base, editor('grace', 2), true)
  expect(again).toMatchObject({ outcome: 'pending', hash })
  expect(await control().rollBack(hash, base, editor('grace', 3), false)).toMatchObject({
    outcome: 'in-force',
  })
  const unknown = await hashOf(documentText('deny', 9))
  expect(await control().rollBack(unknown, hash, editor('grace', 4), true)).toMatchObject({
    outcome: 'invalid',
  })
})

test('a document that names no tool of this deployment is refused, but a rollback to one is not', async () => {
  const base = await begin()
  const text = documentText('deny', 1, 'gone')
  const [hash, narrow] = [await hashOf(text), documentText('deny', 2)]
  await control().apply(text, base, editor('grace'), true)
  await control().apply(narrow, hash, editor('grace', 1), true)
  missing.add('gone')
  expect(await control().apply(text, await hashOf(narrow), editor('grace', 2), true)).toEqual({
    outcome: 'invalid',
    problems: ['There is no such tool.'],
  })
  const back = await control().rollBack(hash, await hashOf(narrow), editor('grace', 3), true)
  expect(back).toEqual({ outcome: 'in-force', hash })
  expect(await control().apply('{"version":2}', base, editor('grace'), true)).toMatchObject({
    outcome: 'invalid',
  })
})

test('the history and its documents are bounded', async () => {
  let base = await begin()
  const first = base
  for (let n = 1; n <= 101; n += 1) {
    const text = documentText('deny', n)
    await control().apply(text, base, editor('grace', n), true)
    base = await hashOf(text)
  }
  const { history } = await control().state()
  expect(history).toHaveLength(100)
  expect(history[0]?.hash).toBe(base)
  expect(await control().readDocument(first)).toBeNull()
  expect(await control().readDocument(history[99]?.hash ?? '')).not.toBeNull()
})

test('before a deployment was adopted nobody can change anything', async () => {
  const text = documentText('deny')
  await expect(control().apply(text, await hashOf(text), editor('grace'), true)).rejects.toThrow(
    'no policy is in force',
  )
  await expect(control().state()).rejects.toThrow('no policy is in force')
})
