/**
 * The server of src/index.ts, with a tool that has an argument of every class, and a path that erases a user. Only tests run
 * this Worker, on loopback.
 */
import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import type { Product } from '#catalog/define-product.ts'
import { defineTool } from '#catalog/define-tool.ts'
import { compose } from '#compose.ts'
import { ok } from '#lib/result.ts'
import { todos } from '#todos/index.ts'

const text = () => z.string().max(2500)

const openLocker = defineTool({
  name: 'openLocker',
  title: 'Open a locker',
  description: 'Opens nothing. Its arguments are of every class.',
  scopes: ['todo:read'],
  effect: 'read',
  input: z.strictObject({
    place: keptAs('plain', text().optional()),
    owner: keptAs('personal', text().optional()),
    undeclared: text().optional(),
    email: keptAs('hash', text().optional()),
    pin: keptAs('secret', text()),
  }),
  output: z.object({}),
  run: async () => ok({}),
  say: () => 'Opened.',
})

const product: Product = {
  ...todos,
  open(connection, given) {
    const { tools, ...others } = todos.open(connection, given)
    return { ...others, tools: [...tools, openLocker] }
  },
}

const server = compose({
  product,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

export class User extends server.User {}
export class McpSession extends server.McpSession {}
export class Control extends server.Control {}

const { worker } = server
export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/test/erase') return worker.fetch(request, env, ctx)
    const act = { act: crypto.randomUUID(), by: 'an-operator', operation: 'erase-user' } as const
    await env.USER.getByName(searchParams.get('user') ?? '').applyAct(act)
    return new Response('erased')
  },
} satisfies ExportedHandler<Env>
