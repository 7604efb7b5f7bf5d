import { Hono, type Context } from 'hono'

import { answerDenial } from './answer-denial.ts'
import { checkToken } from './check-token.ts'
import { readOnlyChanged, readPart } from './read-part.ts'
import {
  readAddition,
  readCompletion,
  readDeletion,
  readIdempotencyKey,
  type ReadChange,
} from './read-change.ts'
import { logWrite } from './request-log.ts'
import { readRunId } from './settings.ts'
import { listOf } from './todo-list.ts'

export { TodoList } from './todo-list.ts'

type RequestContext = Context<{ Bindings: Env }>

const routes = new Hono<{ Bindings: Env }>()

routes.use(async (c, next) => {
  await next()
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

export default { fetch: routes.fetch } satisfies ExportedHandler<Env>

async function readList(c: RequestContext): Promise<Response> {
  const user = await checkToken(c.env, c.req.header('Authorization'), 'read')
  if (!user.ok) return answerDenial(c, user.denial)
  const part = readPart(c)
  if (!part.ok) return answerDenial(c, part.denial)
  const list = await listOf(c.env, user.value)
  const listed = await list.read(part.value)
  return listed === null ? answerDenial(c, { reason: 'todo_unknown' }) : c.json(listed)
}

/** Checks the token before it reads the body, and the whole request before it writes. */
async function writeList(c: RequestContext, readChange: ReadChange): Promise<Response> {
  const user = await checkToken(c.env, c.req.header('Authorization'), 'write')
  if (!user.ok) return answerDenial(c, user.denial)
  const onlyChanged = readOnlyChanged(c)
  if (!onlyChanged.ok) return answerDenial(c, onlyChanged.denial)
  const change = await readChange(c)
  if (!change.ok) return answerDenial(c, change.denial)
  const key = await readIdempotencyKey(c.req.header('Idempotency-Key'), change.value)
  if (!key.ok) return answerDenial(c, key.denial)

  const list = await listOf(c.env, user.value)
  const result = await list.write(change.value, key.value, onlyChanged.value)
  if (result.replayed) c.header('Idempotency-Replayed', 'true')
  if (result.outcome === 'done') logWrite(c, result.replayed)
  return result.outcome === 'done' ? c.json(result.list) : answerDenial(c, { reason: result.outcome })
}
