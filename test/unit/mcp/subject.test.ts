import fc from 'fast-check'
import { expect, test } from 'vitest'
import { served } from '#harness/product.ts'
import { makeSubjects } from '#mcp/edge/subject.ts'
import { makeLists } from '#mcp/lists/listed.ts'
import { expandTemplate, makeReads, matchTemplate } from '#mcp/lists/reads.ts'

const reads = makeReads(served)
const lists = makeLists(served)
const subjects = makeSubjects(served, reads, lists)

const namesAt = (uri: string) => {
  const found = reads.resource(uri)
  if (!found.ok) return null
  const input = found.value.act.input.parse(found.value.input)
  return subjects.of(found.value.act, input).subject.names
}

test('a resource behind a template has one name, however its address is spelled', () => {
  const names = ['todo://items/5', 'todo://items/{id}']
  for (const uri of ['todo://items/5', 'todo://items/%35']) expect(namesAt(uri)).toEqual(names)
  expect(namesAt('todo://list')).toEqual(['todo://list'])
})

const values = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/[/?#]/.test(text))

test('what a template writes out is read back as the same variables, and written out the same again', () => {
  const template = 'a://{one}/b/{two}'
  const match = matchTemplate(template)
  fc.assert(
    fc.property(values, values, (one, two) => {
      const written = expandTemplate(template, { one, two })
      expect(written).toMatch(/^a:\/\/[\w.~%-]+\/b\/[\w.~%-]+$/)
      const again = match(written)
      expect(again).toEqual({ one: one.toWellFormed(), two: two.toWellFormed() })
      expect(expandTemplate(template, again ?? {})).toBe(written)
    }),
  )
})

test('marks that only some encoders leave are encoded as RFC 6570 says', () => {
  expect(expandTemplate('a://{x}', { x: "!'()*~-._" })).toBe('a://%21%27%28%29%2A~-._')
})

test('tools of the engine belong to the server, and those of the product to it', () => {
  const engine = { ...served, tools: served.tools.map((tool) => ({ ...tool, name: 'findMyActivity' })) }
  const [tool] = engine.tools
  if (tool === undefined) throw new Error('there is no tool')
  expect(makeSubjects(engine, reads, makeLists(engine)).of(tool, {}).subject.app).toBe('server')
  const [own] = served.tools
  if (own === undefined) throw new Error('there is no tool')
  const writes = own.effect !== 'read'
  expect(subjects.of(own, {}).subject).toEqual({ app: 'todos', kind: 'tool', names: [own.name], writes })
})

test('the word of a model on consent is no argument', () => {
  const tool = served.tools.find(({ name }) => name === 'deleteTodo')
  if (tool === undefined) throw new Error('there is no such tool')
  expect(subjects.of(tool, { id: 'a', confirm: true }).args).toEqual({ id: 'a' })
})

test('more arguments than policy reads cannot be judged', () => {
  const [tool] = served.tools
  if (tool === undefined) throw new Error('there is no tool')
  expect(subjects.of(tool, { text: 'x'.repeat(200_000) })).toMatchObject({ args: {}, isTooLarge: true })
})
