import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { type Action, checkToken } from './check-token.ts'
import { answerDenial, type Denial } from './denial.ts'
import { IssuerKeys } from './issuer-keys.ts'
import type { Change, NoteList } from './note-list.ts'
import { readSettings, runIdOf, type Settings } from './settings.ts'

export { NoteList } from './note-list.ts'

type RequestContext = Context<{ Bindings: Env }>

const MAX_BODY_BYTES = 16 * 1024
const Addition = z.strictObject({
  text: z
    .string()
    .trim()
    .min(1)
    .refine((text) => Array.from(text).length <= 500),
})

const MAX_PAGE = 100
const Asked = z.object({
  q: z.string().default(''),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_PAGE))
    .default(MAX_PAGE),
  after: z.string().optional(),
})

const routes = new Hono<{ Bindings: Env }>()
  .get('/health', (c) => c.json({ ok: true, runId: runIdOf(c.env) }))
  .get('/v1/notes', (c) =>
    withUser(c, 'read', async (list) => {
      const asked = Asked.safeParse(c.req.query())
      if (!asked.success) return answerDenial('query_invalid')
      const { q, limit, after } = asked.data
      const page = await list.page({ words: q.toLowerCase().split(/\s+/), limit, after })
      return page === null ? answerDenial('unknown') : c.json(page)
    }),
  )
  .get('/v1/notes/:id', (c) =>
    withUser(c, 'read', async (list) => {
      const note = await list.read(c.req.param('id'))
      return note === null ? answerDenial('unknown') : c.json(note)
    }),
  )
  .post('/v1/notes', (c) =>
    withUser(c, 'write', async (list) => {
      if (Number(c.req.header('Content-Length')) > MAX_BODY_BYTES) return answerDenial('body_too_large')
      const body = await c.req.text()
      if (body.length > MAX_BODY_BYTES) return answerDenial('body_too_large')
      const read = Addition.safeParse(jsonOf(body))
      return read.success
        ? write(c, list, { kind: 'add', text: read.data.text })
        : answerDenial('body_invalid')
    }),
  )
  .delete('/v1/notes/:id', (c) =>
    withUser(c, 'delete', (list) => write(c, list, { kind: 'delete', id: c.req.param('id') })),
  )
  .notFound(() => answerDenial('unknown'))

async function withUser(
  c: RequestContext,
  action: Action,
  answer: (list: DurableObjectStub<NoteList>) => Promise<Response>,
): Promise<Response> {
  const deployment = deploymentOf(c.env)
  if (deployment === null) return answerDenial('settings_invalid')
  const { settings, keys } = deployment
  const user = await checkToken(c.req.header('Authorization'), action, settings, keys)
  if (typeof user === 'string')
    return answerDenial(user, user === 'insufficient_scope' ? settings.scopes[action] : undefined)
  // Hashed: names of objects show up in tools of the platform.
  const list = c.env.NOTE_LISTS.getByName(await sha256(JSON.stringify([user.issuer, user.subject])))
  const response = await answer(list)
  response.headers.set('cache-control', 'no-store')
  return response
}

async function write(
  c: RequestContext,
  list: DurableObjectStub<NoteList>,
  change: Change,
): Promise<Response> {
  const key = c.req.header('Idempotency-Key')
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) return answerDenial('key_invalid')
  const outcome = await list.write(change, key)
  if (outcome.kind === 'added') return c.json(outcome.note, 201)
  return outcome.kind === 'deleted' ? c.body(null, 204) : answerDenial(outcome.kind satisfies Denial)
}

const deployments = new WeakMap<object, { settings: Settings; keys: IssuerKeys }>()

/** Once per isolate, because the issuer's keys are cached in it. */
function deploymentOf(env: Env) {
  const known = deployments.get(env)
  if (known !== undefined) return known
  const settings = readSettings(env)
  if (settings === null) return null
  const made = { settings, keys: new IssuerKeys(settings.issuer) }
  deployments.set(env, made)
  return made
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export default { fetch: routes.fetch } satisfies ExportedHandler<Env>
