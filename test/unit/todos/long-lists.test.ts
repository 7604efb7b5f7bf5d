import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { err } from '#lib/result.ts'
import { success } from '#mcp/calls/tool-result.ts'
import { todos as product } from '#todos/index.ts'
import { callTool, openProduct } from '#harness/call-tool.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})

interface Stored {
  id: string
  text: string
  completed: boolean
}
/** How an API treats the query: honours it as examples/todo-api does, ignores it, or refuses it. */
const kinds = ['limits', 'ignores', 'refuses'] as const
type Kind = (typeof kinds)[number]

const someTodos = (count: number): Stored[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `0000000${at}-0000-4000-8000-000000000000`.slice(-36),
    text: `Buy milk and bread no. ${at}`,
    completed: at % 10 === 9,
  }))

/** The Todo API over a list in memory, and what it was asked and has answered. */
function playApi(kind: Kind, count: number) {
  let todos = someTodos(count)
  const requests: string[] = []
  let bytes = 0
  const answer = (body: object, status = 200) => {
    const text = JSON.stringify(body)
    bytes = Math.max(bytes, text.length)
    return new Response(text, { status })
  }
  const fetch = async (input: string | URL | Request) => {
    const request = new Request(input)
    const { pathname, searchParams: query, search } = new URL(request.url)
    requests.push(`${request.method} ${pathname}${search}`)
    if (kind === 'refuses' && search !== '') return answer({ code: 'query_unknown' }, 400)
    const isLimited = kind === 'limits' && search !== ''
    const id = pathname.split('/')[3]
    if (request.method === 'GET') return isLimited ? answer(...partOf(todos, query)) : answer({ todos })
    if (request.method === 'POST') {
      const { todoText } = z.object({ todoText: z.string() }).parse(await request.json())
      todos = [...todos, { id: 'new-1', text: todoText, completed: false }]
    } else if (!todos.some((todo) => todo.id === id)) return answer({}, 404)
    else if (request.method === 'DELETE') todos = todos.filter((todo) => todo.id !== id)
    else {
      const { completed } = z.object({ completed: z.boolean() }).parse(await request.json())
      todos = todos.map((todo) => (todo.id === id ? { ...todo, completed } : todo))
    }
    const changed = todos.filter((todo) => todo.id === (request.method === 'POST' ? 'new-1' : id))
    return answer(isLimited ? { only: 'changed', todos: changed, total: todos.length } : { todos })
  }
  return { fetch, requests, mostBytes: () => bytes, stored: () => todos }
}

function partOf(todos: Stored[], query: URLSearchParams): [body: object, status?: number] {
  const ids = query.get('ids')?.split(',')
  if (ids) return [{ todos: todos.filter(({ id }) => ids.includes(id)), total: todos.length, next: null }]
  const [limit, after, completed] = ['limit', 'after', 'completed'].map((name) => query.get(name))
  const at = todos.findIndex(({ id }) => id === after)
  if (at === -1 && after !== null) return [{}, 404]
  const fits = (todo: Stored) => completed === null || String(todo.completed) === completed
  const rest = todos.slice(at + 1).filter(fits)
  const shown = rest.slice(0, Number(limit))
  const next = shown.length < rest.length ? (shown.at(-1)?.id ?? null) : null
  return [{ todos: shown, total: todos.filter(fits).length, next }]
}

const Page = z.object({
  todos: z.array(z.object({ id: z.string(), completed: z.boolean() })),
  total: z.number(),
  next: z.string().nullable(),
})
async function list(api: ReturnType<typeof playApi>, input: object) {
  const answer = await callTool(product, 'listTodos', input, api)
  return answer.ok ? Page.parse(answer.value.structured) : answer
}
async function allPages(api: ReturnType<typeof playApi>, input: object) {
  const pages = []
  let after: string | undefined
  do {
    const page = await list(api, { ...input, after })
    if ('ok' in page) throw new Error(`no page: ${page.error.reason}`)
    pages.push(page)
    after = page.next ?? undefined
  } while (after !== undefined)
  return pages
}

test.for(kinds)('an API that %s: pages of fifty lead through the whole list', async (kind) => {
  const api = playApi(kind, 120)
  const pages = await allPages(api, {})
  expect(pages.map(({ todos, total }) => [todos.length, total])).toEqual([
    [50, 120],
    [50, 120],
    [20, 120],
  ])
  expect(pages.flatMap(({ todos }) => todos.map(({ id }) => id))).toEqual(api.stored().map(({ id }) => id))
})

test.for(kinds)('an API that %s: open and done todos are listed and counted apart', async (kind) => {
  const api = playApi(kind, 120)
  const open = await allPages(api, { completed: false, limit: 100 })
  expect(open.map(({ todos, total }) => [todos.length, total])).toEqual([
    [100, 108],
    [8, 108],
  ])
  expect(open.flatMap(({ todos }) => todos).some(({ completed }) => completed)).toBe(false)
  const [done] = await allPages(api, { completed: true })
  expect([done?.todos.length, done?.total, done?.todos.every(({ completed }) => completed)]).toEqual([
    12,
    12,
    true,
  ])
})

test.for(kinds)('an API that %s: after a todo that is not there nothing is listed', async (kind) => {
  expect(await list(playApi(kind, 3), { after: 'no-such-id' })).toEqual(err({ reason: 'gone' }))
})

test.for(kinds)('an API that %s: at the end of 10,000 todos each act finds its todo', async (kind) => {
  const api = playApi(kind, 10_000)
  const { id = '' } = api.stored().at(-1) ?? {}
  const run = async (name: string, input: object) => callTool(product, name, input, api)
  expect(await run('updateTodo', { id, completed: false })).toMatchObject({
    value: { structured: { todo: { id, completed: false } } },
  })
  expect(await run('addTodo', { text: 'Feed the cat' })).toMatchObject({
    value: { structured: { todo: { id: 'new-1', text: 'Feed the cat' }, newTodos: 1, total: 10_001 } },
  })
  const { tools, context, resourceTemplates, resources, prompts } = openProduct(product, api)
  const deleteTodo = tools.find(({ name }) => name === 'deleteTodo')
  expect(await deleteTodo?.confirm?.({ ids: [id, 'new-1'] }, context)).toMatchObject({
    value: { question: 'Delete these 2 todos for good?' },
  })
  expect(await run('deleteTodo', { ids: [id, 'new-1', 'no-such-id'] })).toMatchObject({
    value: { structured: { deleted: [id, 'new-1'], notFound: ['no-such-id'], unknown: [], total: 9_999 } },
  })
  expect(await resourceTemplates[0]?.read({ id: 'new-1' }, openProduct(product, api).context)).toEqual(
    err({ reason: 'gone' }),
  )
  const forms = await resources[0]?.read(openProduct(product, api).context)
  expect(forms).toMatchObject({ value: [{ text: 'The first 200 of 9999 todos.' }, {}, {}] })
  const parts = await prompts[0]?.get({}, openProduct(product, api).context)
  expect(parts).toMatchObject({
    value: [{}, { resource: { form: { text: expect.stringContaining('"total":9000') } } }],
  })
  // An API that limits has read and sent at most a page of 200.
  expect(api.mostBytes() < 30_000).toBe(kind === 'limits')
})

test('an API that limits is asked for no more than is shown', async () => {
  const api = playApi('limits', 10_000)
  await list(api, {})
  expect(api.requests).toEqual(['GET /api/todos?limit=50'])
  expect(api.mostBytes()).toBeLessThan(8_000)
})

test('an API that refuses a query is asked without one, once in a call', async () => {
  const api = playApi('refuses', 30)
  const ids = api
    .stored()
    .slice(0, 3)
    .map(({ id }) => id)
  await callTool(product, 'deleteTodo', { ids }, api)
  expect(api.requests.map((request) => request.split('?')[1] ?? '')).toEqual([
    `ids=${ids.join('%2C')}`,
    '',
    '',
    '',
    '',
  ])
  expect(api.stored()).toHaveLength(27)
})

/** What one listTodos of so many todos costs at four characters a token: the text, the structured values, the answer. */
async function costOf(count: number) {
  const answer = await callTool(product, 'listTodos', {}, playApi('limits', count))
  if (!answer.ok) throw new Error(answer.error.reason)
  const result = success(answer.value, crypto.randomUUID(), false)
  const tokens = (characters: number) => Math.ceil(characters / 4)
  return {
    text: tokens(result.content.map(({ text }) => text).join('').length),
    structured: tokens(JSON.stringify(result.structuredContent).length),
    answer: tokens(JSON.stringify({ jsonrpc: '2.0', id: 1, result }).length),
  }
}

test('a list of 200 todos costs a model less than 1,400 tokens, in whichever form its client shows it', async () => {
  const { text, structured, answer } = await costOf(200)
  expect(text).toBeLessThan(1_000)
  expect(structured).toBeLessThan(1_400)
  expect(answer).toBeLessThan(2_500)
})
