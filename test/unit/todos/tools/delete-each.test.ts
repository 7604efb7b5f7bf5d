import type { TodoStore } from '#todos/api/client.ts'
import { expect, test } from 'vitest'
import { err, ok } from '#lib/result.ts'
import { deleteEach } from '#todos/tools/delete-each.ts'
import { deleteTodo } from '#todos/tools/delete-todo.ts'
import type { Todo } from '#todos/tools/todo.ts'
import type { ToolContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { me, storeAnswering, wholeList } from './context.ts'

const IDS = ['a', 'b', 'c', 'd']
const todo = (id: string, completed = false): Todo => ({ id, text: `todo ${id}`, completed })

/** A list that records deletions. The n-th deletion calls `happens`. */
function makeList(at: number, happens: () => ToolDenial | 'kept' | null) {
  const stored = new Set(IDS)
  const sent: string[] = []
  const controller = new AbortController()
  const progress: [number, number][] = []
  const context: ToolContext<TodoStore> = {
    me,
    signal: controller.signal,
    progress: (done, total) => progress.push([done, total]),
    api: {
      ...storeAnswering(ok([])),
      list: async () => wholeList(ok([...stored].map((id) => todo(id)))),
      async remove(id) {
        sent.push(id)
        const problem = sent.length === at ? happens() : null
        if (problem !== null && problem !== 'kept') return err(problem)
        if (problem === null) stored.delete(id)
        return wholeList(ok([...stored].map((left) => todo(left))))
      },
    },
  }
  return { context, sent, stored, controller, progress }
}
const partsOf = ({
  deleted,
  notDeleted,
  unknown,
}: Record<'deleted' | 'notDeleted' | 'unknown', string[]>) => ({
  deleted,
  notDeleted,
  unknown,
})

const steps = [1, 2, 3, 4]
const problems: ToolDenial[] = [
  { reason: 'unavailable' },
  { reason: 'forbidden' },
  { reason: 'busy', retryAfterSeconds: 3 },
  { reason: 'unauthorized' },
]

test.each(steps.flatMap((at) => problems.map((problem) => [at, problem] as const)))(
  'refused at the deletion number %i with %j: what went is said, the rest is left alone',
  async (at, problem) => {
    const { context, sent, stored } = makeList(at, () => problem)
    const answer = await deleteEach(IDS, context)
    expect(sent).toEqual(IDS.slice(0, at))
    expect([...stored]).toEqual(IDS.slice(at - 1))
    const parts = { deleted: IDS.slice(0, at - 1), notDeleted: IDS.slice(at - 1), unknown: [] }
    expect(answer.ok ? partsOf(answer.value) : answer).toEqual(at === 1 ? err(problem) : parts)
  },
)

test.each(steps.flatMap((at) => [[at, 'lost'] as const, [at, 'kept'] as const]))(
  'unknown at the deletion number %i (%s): sent once, said to be unknown, and nothing after it',
  async (at, how) => {
    const problem = how === 'lost' ? { reason: 'unknown_outcome' as const } : ('kept' as const)
    const { context, sent } = makeList(at, () => problem)
    const answer = await deleteEach(IDS, context)
    expect(sent).toEqual(IDS.slice(0, at))
    expect(answer.ok && partsOf(answer.value)).toEqual({
      deleted: IDS.slice(0, at - 1),
      notDeleted: IDS.slice(at),
      unknown: [IDS[at - 1]],
    })
  },
)

test.each(steps)(
  'cancelled during the deletion number %i: it gets its outcome, the next is not begun',
  async (at) => {
    const { context, sent, controller, progress } = makeList(at, () => {
      controller.abort()
      return null
    })
    const answer = await deleteEach(IDS, context)
    expect(sent).toEqual(IDS.slice(0, at))
    const parts = { deleted: IDS.slice(0, at), notDeleted: IDS.slice(at), unknown: [] }
    expect(answer.ok && partsOf(answer.value)).toEqual(parts)
    expect(progress).toEqual(IDS.slice(0, at).map((_id, done) => [done + 1, 4]))
  },
)

test('cancelled before the first: nothing is sent, and nothing was changed', async () => {
  const { context, sent, controller } = makeList(0, () => null)
  controller.abort()
  expect(await deleteEach(IDS, context)).toEqual(err({ reason: 'unavailable' }))
  expect(sent).toEqual([])
})

test('one that is gone stops nothing, and is not said to be deleted', async () => {
  const { context, sent } = makeList(2, () => ({ reason: 'gone' }))
  const answer = await deleteEach(IDS, context)
  expect(sent).toEqual(IDS)
  expect(answer.ok && partsOf(answer.value)).toEqual({
    deleted: ['a', 'c', 'd'],
    notDeleted: ['b'],
    unknown: [],
  })
})

test('an id that is given twice is sent once', async () => {
  const { context, sent } = makeList(0, () => null)
  await deleteTodo.run({ ids: ['a', 'a', 'b', 'a'] }, context)
  expect(sent).toEqual(['a', 'b'])
})

test('the answer says which were deleted, which not, and of which nobody knows', async () => {
  const { context } = makeList(2, () => ({ reason: 'unknown_outcome' }))
  expect(await deleteTodo.run({ ids: IDS }, context)).toEqual(
    ok({
      structured: {
        deleted: ['a'],
        todos: [todo('a')],
        notDeleted: ['c', 'd'],
        notFound: [],
        unknown: ['b'],
        total: 3,
      },
      text:
        'Deleted 1 todo. Not deleted, and as before: 2 todos. It is unknown whether 1 todo was deleted: look with ' +
        'listTodos and do not repeat it. The list now has 3 todos.',
      isUnknown: true,
    }),
  )
})

test.each([
  ['one', { id: 'a' }, 'Deleted 1 todo. The list now has 3 todos.'],
  ['several', { ids: ['a', 'b'] }, 'Deleted 2 todos. The list now has 2 todos.'],
  [
    'one that is there and one that is not',
    { ids: ['a', 'x'] },
    'Deleted 1 todo. Not found on the list: 1 todo. The list now has 3 todos.',
  ],
])('a deletion of %s is said to be one, and what is not there is told apart', async (_what, input, text) => {
  const { context } = makeList(0, () => null)
  expect(await deleteTodo.run(input, context)).toMatchObject({ value: { text } })
})

test('an API that answers an id that it does not know like a deletion deletes nothing for it', async () => {
  const { context, sent } = makeList(0, () => null)
  expect(await deleteTodo.run({ id: 'x' }, context)).toEqual(err({ reason: 'gone' }))
  expect(await deleteTodo.run({ ids: ['x', 'y'] }, context)).toEqual(err({ reason: 'gone' }))
  expect(sent).toEqual([])
  const some = await deleteTodo.run({ ids: ['x', 'd'] }, context)
  expect(some).toMatchObject({
    value: {
      structured: {
        deleted: ['d'],
        todos: [todo('d')],
        notDeleted: ['x'],
        notFound: ['x'],
        unknown: [],
        total: 3,
      },
    },
  })
  expect(sent).toEqual(['d'])
})

test('one that somebody else deleted meanwhile was not found, and what was refused is still there', async () => {
  const gone = await deleteTodo.run({ ids: ['a', 'b'] }, makeList(2, () => ({ reason: 'gone' })).context)
  expect(gone).toMatchObject({
    value: { structured: { deleted: ['a'], notDeleted: ['b'], notFound: ['b'] } },
  })
  const { context } = makeList(2, () => ({ reason: 'forbidden' }))
  expect(await deleteTodo.run({ ids: ['a', 'b'] }, context)).toMatchObject({
    value: {
      structured: { deleted: ['a'], notDeleted: ['b'], notFound: [] },
      text: 'Deleted 1 todo. Not deleted, and as before: 1 todo. The list now has 3 todos.',
    },
  })
})

test.each([
  [[todo('a', true)], { id: 'a' }, null],
  [[todo('a')], { id: 'a' }, 'Delete this todo for good? It is not done yet.'],
  [[todo('a', true), todo('b', true)], { ids: ['a', 'b'] }, 'Delete these 2 todos for good?'],
  // The question names only todos that exist.
  [[todo('a', true)], { ids: ['a', 'b'] }, null],
])('of the list %j and %j the user is asked %j', async (stored, input, question) => {
  const context = { ...makeList(0, () => null).context, api: storeAnswering(ok(stored)) }
  const confirmation = await deleteTodo.confirm?.(input, context)
  expect(confirmation?.ok && (confirmation.value?.question ?? null)).toBe(question)
})

test('what is not there is no question, and no deletion', async () => {
  const context = { ...makeList(0, () => null).context, api: storeAnswering(ok([])) }
  expect(await deleteTodo.confirm?.({ ids: ['a', 'b'] }, context)).toEqual(err({ reason: 'gone' }))
})
