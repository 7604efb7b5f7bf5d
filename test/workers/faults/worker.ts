import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'
import { alarms, clocks, streams } from './faults.ts'
import { fetchFromWorld, isolateOf } from './world.ts'

const product = compose({
  product: todos,
  deps: {
    fetch: fetchFromWorld,
    nowMs: () => Date.now() + clocks.user * 1000,
    deadlines: {
      pingoneMs: 8000,
      apiMs: 9000,
      toolMs: 25_000,
      documentMs: 4000,
      storageMs: 5000,
      get streamCheckMs() {
        return streams.checkMs
      },
    },
  },
})

/** Objects live through a change of isolates (world.ts), and reach each other through the same faults as the Worker. */
export class User extends product.User {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    Object.defineProperty(this, 'env', { get: isolateOf(env) })
  }

  override async alarm(): Promise<void> {
    if (!alarms.areHeld) await super.alarm()
  }

  /** The alarm, now. */
  async ring(): Promise<void> {
    await this.ctx.storage.deleteAlarm()
    await super.alarm()
  }
}

export class McpSession extends product.McpSession {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, isolateOf(env)())
  }
}
export class Control extends product.Control {}
export default product.worker
