import { env } from 'cloudflare:workers'
import { compose } from '#compose.ts'
import type { CallApi, ReadEnd, RefusedToken } from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import type { Entry } from '#users/calls/entry.ts'
import type { EndReason, NewGrant } from '#users/grants/grant.ts'
import type { Commit } from '#users/grants/grant-records.ts'
import type { EndedAct, OperatorApi, UserAct } from '#users/operators/operator-api.ts'
import { todos } from '#todos/index.ts'
import { stepOf, steppedEnv, workerStep } from './schedule.ts'
import { clock } from './witness.ts'

export { PingOneWitness, TodoApi } from './witness.ts'

const product = compose({
  product: todos,
  deps: {
    fetch: (input, init) => workerStep('fetch', () => env.PINGONE.fetch(new Request(input, init))),
    nowMs: () => (clock.fixedMs ?? Date.now()) + clock.aheadMs,
    deadlines: { pingoneMs: 2000, apiMs: 2000, toolMs: 3000, documentMs: 2000, storageMs: 5000 },
    stepOf,
  },
})

/** An answer that leaves is a step too: after it everything is on disk, and the answer alone is lost. */
export class User extends product.User {
  readonly #leave = stepOf(this.ctx)

  async #answer<T>(name: string, message: Promise<T>): Promise<T> {
    const answer = await message
    await this.#leave(`answer ${name}`, () => this.ctx.storage.sync())
    return answer
  }

  /** The alarm, now. By RPC: the test helpers wait for ever for an object that dies in theirs. */
  async ring(isRetry: boolean): Promise<void> {
    if (!isRetry && (await this.ctx.storage.getAlarm()) === null) return
    await this.ctx.storage.deleteAlarm()
    await super.alarm()
  }

  override openGrant(given: NewGrant) {
    return this.#answer('openGrant', super.openGrant(given))
  }
  override snapshot(grant: string, presented: string, isRefresh: boolean) {
    return this.#answer('snapshot', super.snapshot(grant, presented, isRefresh))
  }
  override commit(grant: string, commit: Commit) {
    return this.#answer('commit', super.commit(grant, commit))
  }
  override enter(entry: Entry) {
    return this.#answer('enter', super.enter(entry))
  }
  override renewToken(refused: RefusedToken) {
    return this.#answer('renewToken', super.renewToken(refused))
  }
  override beginCall(intent: LaterCall) {
    return this.#answer('beginCall', super.beginCall(intent))
  }
  override endCall(...message: Parameters<CallApi['endCall']>) {
    return this.#answer('endCall', super.endCall(...message))
  }
  override endReads(ends: ReadEnd[]) {
    return this.#answer('endReads', super.endReads(ends))
  }
  override endGrant(grant: string, reason: EndReason) {
    return this.#answer('endGrant', super.endGrant(grant, reason))
  }
  override openOperator(...message: Parameters<OperatorApi['openOperator']>) {
    return this.#answer('openOperator', super.openOperator(...message))
  }
  override beginAct(...message: Parameters<OperatorApi['beginAct']>) {
    return this.#answer('beginAct', super.beginAct(...message))
  }
  override endAct(act: EndedAct) {
    return this.#answer('endAct', super.endAct(act))
  }
  override applyAct(act: UserAct) {
    return this.#answer('applyAct', super.applyAct(act))
  }
  override openSession(...message: Parameters<InstanceType<typeof product.User>['openSession']>) {
    return this.#answer('openSession', super.openSession(...message))
  }
  override closeSession(session: string) {
    return this.#answer('closeSession', super.closeSession(session))
  }
}
/** All that a session's object does beyond its own memory is a step, as in a User. */
export class McpSession extends product.McpSession {
  readonly #step = stepOf(this.ctx)

  constructor(object: DurableObjectState, bindings: Env) {
    super(object, steppedEnv(bindings, stepOf(object)))
  }

  override setInitializeRequest(
    request: Parameters<InstanceType<typeof product.McpSession>['setInitializeRequest']>[0],
  ) {
    return this.#step('session.put', async () => super.setInitializeRequest(request))
  }
  override getInitializeRequest() {
    return this.#step('session.get', async () => super.getInitializeRequest())
  }
}
export class Control extends product.Control {}
export default product.worker
