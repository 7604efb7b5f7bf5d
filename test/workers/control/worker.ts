import { DurableObject } from 'cloudflare:workers'
import { type ControlDeps, makeControl } from '#control/control.ts'
import type { ControlApi } from '#control/control-api.ts'
import type { PolicyDocument } from '#policy/document.ts'

/** Shared with the tests, which run in the same isolate. Ahead of real time, so that no alarm fires by itself. */
export const clock = { nowMs: Math.ceil(Date.now() / 1000) * 1000 + 365 * 24 * 3_600_000 }

/** The objects that do not answer, by name. */
export const down = new Set<string>()

/** Called with the name of an object before each RPC to it. */
export const before = { rpc: async (_name: string): Promise<void> => {} }

/** The living objects by name, so that a test can end one as the platform does. */
export const objects = new Map<string, DurableObjectState>()

/** Whether no object gives a head or a document. */
export const outage = { isOn: false }

/** The tools that rules name and this deployment does not have. */
export const missing = new Set<unknown>()

/** Whether a deployment that widens access needs an editor. */
export const setting = { isShared: true }

/** The object of this name, through the faults of the tests. */
export function reach(env: Env, name: string): ControlApi {
  const stub: ControlApi = env.CONTROL.getByName(name)
  return new Proxy(stub, {
    get: (target, method) => {
      if (method === 'then') return undefined
      return async (...message: unknown[]): Promise<unknown> => {
        await before.rpc(name)
        if (down.has(name)) throw new Error(`${name} does not answer`)
        const rpc: unknown = Reflect.get(target, method)
        if (typeof rpc !== 'function') throw new TypeError('no such method')
        return Reflect.apply(rpc, target, message)
      }
    },
  })
}

/** For these tests a document widens if its default is allow and that of the one before is not. */
const widens: ControlDeps['widens'] = (one, other) =>
  one.default !== 'allow' && other.default === 'allow' ? ['What no rule names is allowed.'] : []

const lint = (_env: Env, { rules }: PolicyDocument): string[] =>
  rules.some(({ what }) => missing.has(what.name)) ? ['There is no such tool.'] : []

export class Control extends makeControl({
  nowMs: () => clock.nowMs,
  deadlineMs: 1_000,
  reach,
  lint,
  widens,
  isShared: () => setting.isShared,
}) {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(ctx, bindings)
    objects.set(ctx.id.name ?? '', ctx)
  }

  override async readHead() {
    if (outage.isOn) throw new Error('it does not answer')
    return super.readHead()
  }

  override async readDocument(hash: string) {
    if (outage.isOn) throw new Error('it does not answer')
    return super.readDocument(hash)
  }
}
/** No user and no session is here. */
export class User extends DurableObject {}
export class McpSession extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler<Env>
