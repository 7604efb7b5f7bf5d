import { expect, test } from 'vitest'
import { StoredPolicy } from '#operate/policy-schema.ts'
import { Operator } from '../faults/operator.ts'
import {
  apply,
  bodyOf,
  changeIn,
  decide,
  denialOf,
  documentOf,
  EDITOR,
  inForce,
  previewFor,
  recordOf,
  rollBack,
  stateFor,
} from './policy-story.ts'

const UNKNOWN_HASH = 'A'.repeat(43)

const editors = async () => [await Operator.signIn(EDITOR), await Operator.signIn(EDITOR)] as const

test('the policy of a new deployment is in force before anyone used it, and a viewer sees it', async () => {
  const viewer = await Operator.signIn({ roles: ['viewer'] })
  const state = await stateFor(viewer)
  expect(state).toMatchObject({
    inForce: state.carried.hash,
    pending: null,
    carried: { name: 'default', isAdopted: true },
    changes: 'two-editors',
  })
  expect(state.history.at(-1)).toMatchObject({ hash: state.carried.hash, by: null, how: 'deployed' })
  const stored = bodyOf(StoredPolicy, await viewer.get(`/policy/documents/${state.inForce}`))
  expect(JSON.parse(stored.document)).toMatchObject({ version: 1, default: 'allow' })
  expect(denialOf(await viewer.get(`/policy/documents/${UNKNOWN_HASH}`))).toMatchObject({ status: 404 })
})

test('a change that narrows access is in force at once, and is on record before and after', async () => {
  const [one, other] = await editors()
  await inForce(one, other, documentOf([]))
  const editor = await Operator.signIn(EDITOR)
  const change = changeIn(await apply(editor, documentOf(['deleteTodo'])))
  expect(change).toMatchObject({ outcome: 'in-force', widens: [] })
  expect(await stateFor(editor)).toMatchObject({
    inForce: change.hash,
    history: [{ hash: change.hash, by: editor.name, confirmedBy: null, act: change.act, how: 'applied' }, {}],
  })
  expect(await recordOf(editor)).toEqual([
    ['began', 'policy-apply', change.hash],
    ['done', 'policy-apply', 'in-force'],
  ])
  expect(changeIn(await apply(editor, documentOf(['deleteTodo'])))).toMatchObject({ outcome: 'unchanged' })
})

test('the same request again changes nothing twice', async () => {
  const [one, other] = await editors()
  await inForce(one, other, documentOf([]))
  const act = crypto.randomUUID()
  const { inForce: base } = await stateFor(one)
  const send = () =>
    one.post('/policy/apply', { act, document: documentOf(['addTodo']), base, reason: 'ticket 7' })
  expect(changeIn(await send())).toMatchObject({ outcome: 'in-force' })
  expect(changeIn(await send())).toMatchObject({ outcome: 'in-force' })
  const { history } = await stateFor(one)
  expect(history.filter((entry) => entry.act === act)).toHaveLength(1)
})

test('a change that widens access waits for another editor, who confirms it', async () => {
  const [one, other] = await editors()
  await inForce(one, other, documentOf(['addTodo', 'deleteTodo']))
  const before = await stateFor(one)
  const text = documentOf(['deleteTodo'], { claimsMaxAgeSeconds: 3000 })
  expect(await previewFor(one, { document: text })).toMatchObject({
    problems: [],
    widens: [expect.stringContaining('no-addtodo')],
    needsSecondEditor: true,
  })
  const { hash, outcome } = changeIn(await apply(one, text))
  expect(outcome).toBe('pending')
  expect(await stateFor(other)).toMatchObject({
    inForce: before.inForce,
    pending: { hash, by: one.name, base: before.inForce, how: 'applied' },
  })
  expect(changeIn(await decide(other, 'confirm', hash))).toMatchObject({ outcome: 'in-force', hash })
  const after = await stateFor(one)
  expect(after).toMatchObject({
    inForce: hash,
    pending: null,
  })
  expect(after.history[0]).toMatchObject({ hash, by: one.name, confirmedBy: other.name })
  expect((await recordOf(one)).slice(-2)).toEqual([
    ['began', 'policy-apply', hash],
    ['done', 'policy-apply', 'pending'],
  ])
  expect((await recordOf(other)).slice(-2)).toEqual([
    ['began', 'policy-confirm', hash],
    ['done', 'policy-confirm', 'in-force'],
  ])
})

test('a document of the history comes back, and the way back is a change like any other', async () => {
  const [one, other] = await editors()
  const wide = await inForce(one, other, documentOf([]))
  const narrow = await inForce(one, other, documentOf(['deleteTodo']))
  expect(await previewFor(one, { hash: wide })).toMatchObject({ hash: wide, needsSecondEditor: true })
  expect(changeIn(await rollBack(one, wide))).toMatchObject({ outcome: 'pending', hash: wide })
  expect(changeIn(await decide(one, 'drop', wide))).toMatchObject({ outcome: 'dropped' })
  expect(await stateFor(one)).toMatchObject({ inForce: narrow, pending: null })
  expect(denialOf(await decide(other, 'confirm', wide))).toMatchObject({ status: 409, code: 'conflict' })
  expect((await recordOf(other)).at(-1)).toEqual(['refused', 'policy-confirm', 'nothing-pending'])
  changeIn(await rollBack(one, wide))
  expect(changeIn(await decide(other, 'confirm', wide))).toMatchObject({ outcome: 'in-force' })
  expect((await stateFor(one)).history[0]).toMatchObject({ how: 'rolled-back', confirmedBy: other.name })
  expect(changeIn(await rollBack(one, narrow))).toMatchObject({ outcome: 'in-force' })
  expect(denialOf(await rollBack(one, UNKNOWN_HASH))).toMatchObject({ status: 404 })
})

test('a document that is wrong is refused with the whole list, and nothing is on record', async () => {
  const editor = await Operator.signIn(EDITOR)
  const { inForce: before } = await stateFor(editor)
  const typo = await apply(editor, documentOf(['adTodo', 'removeTodo']))
  expect(denialOf(typo)).toMatchObject({
    status: 400,
    code: 'invalid',
    problems: [expect.stringContaining('no-adtodo'), expect.stringContaining('no-removetodo')],
  })
  expect(denialOf(await apply(editor, '{ "version": 1, '))).toMatchObject({ status: 400 })
  expect(denialOf(await apply(editor, documentOf([], { version: 2 })))).toMatchObject({
    problems: [expect.stringContaining('version')],
  })
  const long = `${documentOf([])}${' '.repeat(300_000)}`
  expect(denialOf(await apply(editor, long)).problems).toEqual(['the document is longer than 256 KiB'])
  expect(denialOf(await apply(editor, ' '.repeat(1_100_000)))).toMatchObject({ status: 413 })
  expect((await stateFor(editor)).inForce).toBe(before)
  expect(await recordOf(editor)).toEqual([])
})

test('a change that begins from another policy than the one in force is refused', async () => {
  const [one, other] = await editors()
  const first = await inForce(one, other, documentOf([]))
  await inForce(one, other, documentOf(['addTodo']))
  const change = {
    act: crypto.randomUUID(),
    document: documentOf(['deleteTodo']),
    base: first,
    reason: 'ticket 7',
  }
  expect(denialOf(await one.post('/policy/apply', change))).toMatchObject({
    status: 409,
    code: 'conflict',
    message: expect.stringContaining('Another policy is in force'),
  })
  expect((await recordOf(one)).at(-1)).toEqual(['refused', 'policy-apply', 'moved-on'])
})
