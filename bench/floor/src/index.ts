/**
 * The lower bound that the bench compares with: one `listTodos` with the hops and the rows of the product, and no
 * library. Two RPCs to the user's object, a row with the intent and later the outcome, the API by service binding.
 * Only `/kv` reads KV: with `/idle` it measures the KV simulator. The Worker protects nothing: do not deploy it.
 */
import { DurableObject } from 'cloudflare:workers'

interface Call {
  id: string
  downstreamToken: string
}
interface Message {
  id: number
  params: { name: string }
}
interface Todo {
  id: string
  text: string
  completed: boolean
}

/** One object per user, as in the product: the grant and the calls. */
export class FloorUser extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql

  async openGrant(bearer: string, downstreamToken: string): Promise<void> {
    this.#sql.exec(`
      CREATE TABLE grants (bearer TEXT PRIMARY KEY, downstream_token TEXT NOT NULL) STRICT;
      CREATE TABLE calls (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, transport TEXT NOT NULL, tool TEXT NOT NULL,
        began_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, outcome TEXT
      ) STRICT;
      CREATE INDEX calls_open ON calls (began_at_ms) WHERE outcome IS NULL;`)
    this.#sql.exec('INSERT INTO grants VALUES (?, ?)', bearer, downstreamToken)
  }

  async begin(bearer: string, transport: string, tool: string): Promise<Call> {
    const { token } = this.#sql
      .exec<{ token: string }>('SELECT downstream_token AS token FROM grants WHERE bearer = ?', bearer)
      .one()
    const id = crypto.randomUUID()
    this.#sql.exec(
      'INSERT INTO calls (id, transport, tool, began_at_ms) VALUES (?, ?, ?, ?)',
      id,
      transport,
      tool,
      Date.now(),
    )
    return { id, downstreamToken: token }
  }

  async end(id: string, outcome: string): Promise<void> {
    this.#sql.exec('UPDATE calls SET outcome = ?, ended_at_ms = ? WHERE id = ?', outcome, Date.now(), id)
  }
}

/** A session has an object of its own, so its calls make one more hop. */
export class FloorSession extends DurableObject<Env> {
  async call(bearer: string, message: Message): Promise<object> {
    return runCall(this.env, this.ctx, bearer, 'session', message)
  }
}

async function runCall(
  { FLOOR_USER, TODO_API }: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  bearer: string,
  transport: string,
  { id, params }: Message,
): Promise<object> {
  const user = FLOOR_USER.getByName('user')
  const call = await user.begin(bearer, transport, params.name)
  const response = await TODO_API.fetch('https://todo-api.internal/api/todos?limit=50', {
    headers: { authorization: `Bearer ${call.downstreamToken}` },
  })
  const { todos } = await response.json<{ todos: Todo[] }>()
  // Not awaited, as in the product.
  ctx.waitUntil(user.end(call.id, 'done'))
  const structuredContent = { todos, total: todos.length, next: null }
  const content = [
    { type: 'text', text: `${todos.length} todos.` },
    { type: 'text', text: JSON.stringify(structuredContent) },
  ]
  return { jsonrpc: '2.0', id, result: { content, structuredContent } }
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const bearer = request.headers.get('authorization')?.slice('Bearer '.length) ?? ''
    switch (new URL(request.url).pathname) {
      case '/stateless':
        return Response.json(await runCall(env, ctx, bearer, 'stateless', await request.json<Message>()))
      case '/session': {
        const session = env.FLOOR_SESSION.getByName(request.headers.get('mcp-session-id') ?? '')
        return Response.json(await session.call(bearer, await request.json<Message>()))
      }
      case '/grant':
        await env.FLOOR_USER.getByName('user').openGrant(bearer, await request.text())
        await env.KV.put('key', JSON.stringify({ token: 'x'.repeat(1000) }))
        return new Response('done')
      case '/idle':
        return new Response('done')
      case '/kv':
        await env.KV.get('key', 'json')
        return new Response('done')
      default:
        return new Response(null, { status: 404 })
    }
  },
} satisfies ExportedHandler<Env>
