/**
 * The server with one extra route, which tells the billed units so far: requests to objects, rows, KV operations, log
 * lines. Only `npm run limits` runs this Worker, on loopback. All of it runs in one isolate, so one counter sees all.
 */
import worker, { McpSession as Session, User as UserObject } from '../../test/workers/todos-worker.ts'
import { units, watch, watchEnv, watchLog, watchStorage } from './watch.ts'

watchLog()

/** Names of the users whose objects were asked. */
const users = new Set<string>()
let runningAlarms = 0

export class User extends UserObject {
  constructor(ctx: DurableObjectState, env: Env) {
    watchEnv(env)
    watchStorage(ctx.storage)
    super(ctx, env)
    if (ctx.id.name !== undefined) users.add(ctx.id.name)
  }

  override async alarm(): Promise<void> {
    units.alarms += 1
    runningAlarms += 1
    try {
      await super.alarm()
    } finally {
      runningAlarms -= 1
    }
  }

  /** Makes all calls old enough to be deleted, as if six minutes had passed. */
  override async fetch(): Promise<Response> {
    this.ctx.storage.sql.exec('UPDATE calls SET began_at_ms = began_at_ms - 360000')
    return new Response(null, { status: 204 })
  }
}

export class McpSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    watchEnv(env)
    watchStorage(ctx.storage)
    super(ctx, env)
    watch(this, 'webSocketMessage', () => (units.webSocketMessages += 1))
    watch(this, 'alarm', () => (units.alarms += 1))
  }
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    watchEnv(env)
    switch (new URL(request.url).pathname) {
      case '/bench/units':
        return Response.json({ ...units.read(), runningAlarms })
      case '/bench/later':
        for (const name of users) await env.USER.getByName(name).fetch('http://user/')
        return new Response(null, { status: 204 })
      default:
        units.requests += 1
        return worker.fetch(request, env, ctx)
    }
  },
} satisfies ExportedHandler<Env>
