import { expect, test } from 'vitest'
import { control, documentText, editor, freshControl, hashOf, heads } from './story.ts'
import { clock, missing, setting } from './worker.ts'

freshControl()

test('the first document of a deployment is in force at once, on all replicas', async () => {
  expect(await heads()).toEqual([null, null, null, null])
  const text = documentText('allow')
  const head = await control().adopt(text)
  expect(head).toMatchObject({ policy: await hashOf(text), switches: [], bundles: [await hashOf(text)] })
  expect(await heads()).toEqual([head, head, head, head])
  expect((await control().state()).history).toEqual([
    { hash: head?.policy, by: null, confirmedBy: null, act: null, atMs: clock.nowMs, how: 'deployed' },
  ])
})

test('two versions of a deployment that run at the same time do not flap', async () => {
  const [one, two] = [documentText('deny', 1), documentText('deny', 2)]
  await control().adopt(one)
  const second = await control().adopt(two)
  expect(second?.policy).toBe(await hashOf(two))
  expect(await control().adopt(one)).toEqual(second)
  expect(await control().adopt(two)).toEqual(second)
  expect((await control().state()).history).toHaveLength(2)
})

test('comments, the order of members and defaults do not make another document', async () => {
  const head = await control().adopt('{"version":1,"default":"allow","rules":[]}')
  const text =
    '{\n // Nothing yet.\n "rules": [], "default": "allow", "claimsMaxAgeSeconds": 3600, "version": 1,\n}'
  expect(await control().adopt(text)).toEqual(head)
})

test('a deployment that widens access waits for an editor, and a narrower one does not', async () => {
  const [narrow, wide] = [documentText('deny'), documentText('allow')]
  const first = await control().adopt(narrow)
  const head = await control().adopt(wide)
  expect(head).toMatchObject({ policy: first?.policy, bundles: [await hashOf(narrow), await hashOf(wide)] })
  expect((await control().state()).pending).toMatchObject({
    hash: await hashOf(wide),
    by: null,
    base: first?.policy,
    widens: ['What no rule names is allowed.'],
  })
  // Another isolate of the new version asks again.
  expect(await control().adopt(wide)).toEqual(head)
  const confirmed = await control().confirm(await hashOf(wide), editor('grace'))
  expect(confirmed).toEqual({ outcome: 'in-force', hash: await hashOf(wide) })
  expect((await control().state()).history[0]).toMatchObject({
    by: null,
    confirmedBy: 'grace',
    how: 'deployed',
  })
  expect(await control().adopt(narrow)).toMatchObject({ policy: await hashOf(wide) })
})

test('where one editor is enough, a deployment may widen access', async () => {
  setting.isShared = false
  await control().adopt(documentText('deny'))
  const wide = documentText('allow')
  expect(await control().adopt(wide)).toMatchObject({ policy: await hashOf(wide) })
})

test('a deployment that waits takes force once the setting asks for no editor, unless the policy moved on', async () => {
  const first = await control().adopt(documentText('deny'))
  const [wide, wider] = [documentText('allow'), documentText('allow', 1)]
  await control().adopt(wide)
  setting.isShared = false
  const head = await control().adopt(wide)
  expect(head).toMatchObject({ policy: await hashOf(wide) })
  expect(await control().state()).toMatchObject({
    pending: null,
    history: [{ hash: head?.policy, by: null, how: 'deployed' }, { hash: first?.policy }],
  })
  expect(await control().adopt(documentText('deny'))).toEqual(head)
  setting.isShared = true
  await control().apply(documentText('deny', 2), await hashOf(wide), editor('grace'), true)
  await control().adopt(wider)
  const other = documentText('deny', 3)
  await control().apply(other, await hashOf(documentText('deny', 2)), editor('grace', 1), true)
  setting.isShared = false
  expect(await control().adopt(wider)).toMatchObject({ policy: await hashOf(other) })
})

test('an invalid document changes nothing, and is looked at again', async () => {
  missing.add('gone')
  const unfit = documentText('deny', 1, 'gone')
  for (const text of ['{', '[]', '{"version":1,"default":"allow","default":"deny","rules":[]}', unfit])
    expect(await control().adopt(text)).toBeNull()
  expect(await heads()).toEqual([null, null, null, null])
  const head = await control().adopt(documentText('deny'))
  expect(await control().adopt(unfit)).toEqual(head)
  expect(head?.bundles).toHaveLength(1)
  // Control runs on the release that has the tool.
  missing.clear()
  expect(await control().adopt(unfit)).toMatchObject({ policy: await hashOf(unfit) })
})

test('what an editor applied is known when a deployment brings it', async () => {
  const first = await control().adopt(documentText('deny', 1))
  const [text, later] = [documentText('deny', 2), documentText('deny', 3)]
  await control().apply(text, first?.policy ?? '', editor('grace'), true)
  await control().apply(later, await hashOf(text), editor('grace', 1), true)
  const head = await control().adopt(text)
  expect(head).toMatchObject({ policy: await hashOf(later) })
  expect(head?.bundles).toContain(await hashOf(text))
})

test('a document that is too long or nested too deeply is refused with a sentence', async () => {
  const first = await control().adopt(documentText('deny'))
  const apply = (text: string) => control().apply(text, first?.policy ?? '', editor('grace'), true)
  const long = `${documentText('deny')}${' '.repeat(256 * 1024)}`
  expect(await apply(long)).toEqual({ outcome: 'invalid', problems: ['the document is longer than 256 KiB'] })
  expect(await apply('['.repeat(200_000))).toMatchObject({ outcome: 'invalid' })
})
