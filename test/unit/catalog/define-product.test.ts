import { expect, test } from 'vitest'
import { ApiTraffic } from '#catalog/api-traffic.ts'
import { z } from 'zod'
import { type Connection, defineProduct, definersFor, isProduct } from '#catalog/define-product.ts'
import type { ApiCall, CallContext } from '#catalog/tool-context.ts'
import { ok } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import { todos } from '#todos/index.ts'

interface Shelf {
  count(): number
}
const { defineTool, defineResource, defineTemplate, definePrompt } = definersFor<Shelf>()
const scopes = ['shelf:read'] as const
const facts = { title: 'Shelf', description: 'Use it in tests.', scopes }
const countBooks = defineTool({
  ...facts,
  name: 'countBooks',
  effect: 'delete',
  input: z.strictObject({}),
  output: z.object({ count: z.int() }),
  confirm: async (_input, { api }) => ok({ question: `Delete ${api.count()}?`, items: [] }),
  run: async (_input, { api }) => ok({ count: api.count() }),
  say: ({ count }) => `${count}.`,
})
const text = (api: Shelf) => [{ mimeType: 'text/plain', text: `${api.count()}` }]

const opened: { connection: Connection<{ SHELF: string }>; call: ApiCall }[] = []
const shelf = {
  slug: 'shelf',
  title: 'Shelf',
  apiName: 'Shelf API',
  instructions: 'Counts.',
  scopes: [{ name: 'shelf:read', sentence: 'See your shelf' }],
  words: { gone: 'There is no such book.', lookAgain: 'countBooks' },
  settings: z.object({ SHELF: z.string() }),
  connect(connection: Connection<{ SHELF: string }>, call: ApiCall): Shelf {
    opened.push({ connection, call })
    let counted = 0
    return { count: () => (counted += 1) }
  },
  tools: [countBooks],
  resources: [
    defineResource({
      ...facts,
      name: 'books',
      uri: 'shelf://books',
      mimeType: 'text/plain',
      read: async ({ api }) => ok(text(api)),
    }),
  ],
  resourceTemplates: [
    defineTemplate({
      ...facts,
      name: 'book',
      uriTemplate: 'shelf://{id}',
      mimeType: 'text/plain',
      variables: z.strictObject({ id: z.string() }),
      read: async (_variables, { api }) => ok(text(api)),
      complete: { id: async ({ api }) => ok([`${api.count()}`]) },
    }),
  ],
  prompts: [
    definePrompt({
      ...facts,
      name: 'readBook',
      arguments: z.strictObject({}),
      get: async (_given, { api }) => ok([{ instruction: `${api.count()}` }]),
    }),
  ],
}
const connection = {
  fetch: () => Promise.reject(new Error('nobody asks')),
  baseUrl: new URL('https://api.example'),
  deadlineMs: 1000,
  now: () => 0,
}
const contextOf = (idempotencyKey: string): CallContext => ({
  user: 'ada',
  from: { grant: 'grant', transport: 'stateless', network: 'unknown' },
  call: {
    token: new Secret('t'),
    replaceToken: () => Promise.reject(new Error('nobody asks')),
    idempotencyKey,
    transaction: 'x',
  },
  me: { name: null, scopes: [], accessEndsAtSeconds: 0, downstream: null },
  signal: new AbortController().signal,
  progress: () => {},
  traffic: new ApiTraffic(),
})

test('each call has one client, which its question and its act share, and only connect sees the call', async () => {
  const { tools, resources, resourceTemplates, prompts } = defineProduct(shelf).open(connection, {
    SHELF: 'top',
    ROOT_KEYS: 'not for a product',
  })
  const [tool, resource, template, prompt] = [tools[0], resources[0], resourceTemplates[0], prompts[0]]
  const first = contextOf('first')
  expect(await tool?.confirm?.({}, first)).toEqual(ok({ question: 'Delete 1?', items: [] }))
  expect(await tool?.run({}, first)).toEqual(ok({ structured: { count: 2 }, text: '2.' }))
  const second = contextOf('second')
  expect(await resource?.read(second)).toEqual(ok([{ mimeType: 'text/plain', text: '1' }]))
  expect(await template?.read({ id: 'a' }, second)).toEqual(ok([{ mimeType: 'text/plain', text: '2' }]))
  expect(await template?.complete?.['id']?.(second)).toEqual(ok(['3']))
  expect(await prompt?.get({}, second)).toEqual(ok([{ instruction: '4' }]))
  expect(opened.map(({ call }) => call.idempotencyKey)).toEqual(['first', 'second'])
  expect(opened.map((one) => one.connection.settings)).toEqual([{ SHELF: 'top' }, { SHELF: 'top' }])
})

test('a tool of a product does not learn whose call it is by id', async () => {
  const seen: object[] = []
  const looking = {
    ...countBooks,
    run: async (_input: unknown, context: object) => {
      seen.push(context)
      return ok({ structured: {}, text: '' })
    },
  }
  const { tools } = defineProduct({ ...shelf, tools: [looking] }).open(connection, { SHELF: 'top' })
  await tools[0]?.run({}, contextOf('looking'))
  expect(seen.map((context) => Object.keys(context).toSorted())).toEqual([
    ['api', 'me', 'progress', 'signal'],
  ])
})

test.each([
  ['a slug that is no name', { slug: 'My Shelf' }, /slug/],
  ['no scope', { scopes: [] }, /scope/],
  ['a scope twice', { scopes: [...shelf.scopes, ...shelf.scopes] }, /distinct/],
  ['a tool whose scope is not declared', { scopes: [{ name: 'other', sentence: '' }] }, /countBooks needs/],
  [
    'a scope that an unknown one implies',
    { scopes: [{ name: 'shelf:read', sentence: '', impliedBy: ['other'] }] },
    /implied by other/,
  ],
  ['terms that are not on https', { links: { terms: 'http://example.com/terms' } }, /links\.terms/],
  ['help at an address that is none', { links: { support: 'javascript:x' } }, /links\.support/],
  ['a logo from elsewhere', { links: { logo: 'https://example.com/logo.png' } }, /links\.logo/],
  [
    'the scope of the engine',
    { scopes: [...shelf.scopes, { name: 'audit:read', sentence: '' }] },
    /audit:read/,
  ],
  [
    'a tool with a name of the engine',
    { tools: shelf.tools.map((tool) => ({ ...tool, name: 'findMyActivity' })) },
    /findMyActivity is of the engine/,
  ],
  ['a word for a tool that is not there', { words: { gone: '', lookAgain: 'look' } }, /look/],
])('%s is the mistake of an author, and stops the start', (_what, change, message) => {
  expect(() => defineProduct({ ...shelf, ...change })).toThrow(message)
})

test('links to help and terms, and a logo in the page itself, are taken', () => {
  const links = {
    support: 'mailto:help@example.com',
    privacy: 'https://example.com/privacy',
    terms: 'https://example.com/terms',
    logo: 'data:image/svg+xml,%3Csvg%3E%3C/svg%3E',
  }
  expect(defineProduct({ ...shelf, links }).links).toEqual(links)
})

test('only what defineProduct made is a product', () => {
  expect([isProduct(todos), isProduct({ ...todos }), isProduct(null), isProduct('todos')]).toEqual([
    true,
    false,
    false,
    false,
  ])
})
