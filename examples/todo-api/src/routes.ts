import { Hono, type Context } from 'hono'

import { answerDenial } from './answer-denial.ts'
import type { User } from './check-token.ts'
import { gateOf } from './gate.ts'
import { readAddition, readCompletion, readDeletion, type ReadChange } from './read-change.ts'
import { readRepeatable, sha256 } from './repeatable.ts'
import { readRunId } from './settings.ts'

type Request = Context<{ Bindings: Env }>

export const routes = new Hono<{ Bindings: Env }>()

routes.use(async (c, next) => {
  await next()
  // Lists of users are nobody else's, and never a page.
  c.header('Cache-Control', 'no-store')
  c.header('X-Content-Type-Options', 'nosniff')
})

routes.get('/health', (c) => c.json({ ok: true, runId: readRunId(c.env) }))
routes.get('/api/todos', readList)
routes.post('/api/todos', (c) => writeList(c, readAddition))
routes.patch('/api/todos/:id', (c) => writeList(c, readCompletion))
routes.delete('/api/todos/:id', (c) => writeList(c, readDeletion))

routes.all('/health', (c) => answerDenial(c, { reason: 'method_unknown', allow: 'GET, HEAD' }))
routes.all('/api/todos', (c) => answerDenial(c, { reason: 'method_unknown', allow: 'GET, HEAD, POST' }))
routes.all('/api/todos/:id', (c) => answerDenial(c, { reason: 'method_unknown', allow: 'PATCH, DELETE' }))
routes.notFound((c) => answerDenial(c, { reason: 'path_unknown' }))
routes.onError((error, c) => answerDenial(c, { reason: 'unexpected' }, error))

async function readList(c: Request): Promise<Response> {
  const user = await gateOf(c.env)(c.req.header('Authorization'), 'read')
  if (!user.ok) return answerDenial(c, user.denial)
  const list = await listOf(c.env, user.value)
  return c.json({ todos: await list.read() })
}

/** Every write: who, what, whether it was sent before, then one step in the user's list. */
async function writeList(c: Request, readChange: ReadChange): Promise<Response> {
  const user = await gateOf(c.env)(c.req.header('Authorization'), 'write')
  if (!user.ok) return answerDenial(c, user.denial)
  const change = await readChange(c)
  if (!change.ok) return answerDenial(c, change.denial)
  const repeatable = await readRepeatable(c.req.header('Idempotency-Key'), change.value)
  if (!repeatable.ok) return answerDenial(c, repeatable.denial)

  const list = await listOf(c.env, user.value)
  const written = await list.write(change.value, repeatable.value)
  if (written.replayed) c.header('Idempotency-Replayed', 'true')
  return written.outcome === 'done'
    ? c.json({ todos: written.todos })
    : answerDenial(c, { reason: written.outcome })
}

/** A subject is only unique within its issuer (OpenID Connect Core §5.7), and names of objects show up in tools. */
async function listOf(env: Env, { issuer, subject }: User) {
  return env.TODO_LISTS.getByName(await sha256(JSON.stringify([issuer, subject])))
}
