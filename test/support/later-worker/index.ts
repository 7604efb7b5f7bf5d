/**
 * The server of src/index.ts as a later release could be: its Worker and its users' objects say more to each other. Each
 * argument and each answer of an RPC has one field more, and each RPC one argument more. Only tests run this Worker.
 */
import { compose } from '#compose.ts'
import { todos } from '#todos/index.ts'

const server = compose({
  product: todos,
  deps: {
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    deadlines: { pingoneMs: 8000, apiMs: 10_000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 },
  },
})

/** The names of the RPCs that only this release has, by the header of a request that uses them. */
const LATER_RPC = 'x-later-rpc'

/** The same value with one field more, if it has fields. */
function wider(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.getPrototypeOf(value) === Object.prototype ? { ...value, later: { is: 'new' } } : value
}

/** Tools whose calls the later release answers in a way that this code does not know. */
const STRANGE: Readonly<Record<string, (answer: object) => object>> = {
  deleteTodo: (answer) => ({ ...answer, start: { verdict: 'queued', position: 1 } }),
  updateTodo: (answer) => Object.fromEntries(Object.entries(answer).filter(([name]) => name !== 'isRefused')),
}

function strange(entry: unknown, answer: unknown): unknown {
  const call = typeof entry === 'object' && entry !== null && 'call' in entry ? entry.call : null
  if (typeof call !== 'object' || call === null || !('tool' in call)) return answer
  const change = STRANGE[String(call.tool)]
  return change === undefined || typeof answer !== 'object' || answer === null ? answer : change(answer)
}

export class User extends server.User {}
for (const name of Object.getOwnPropertyNames(server.User.prototype)) {
  const rpc: unknown = Reflect.get(server.User.prototype, name)
  if (typeof rpc !== 'function' || name === 'constructor' || name === 'alarm') continue
  Object.defineProperty(User.prototype, name, {
    value: async function answerWider(this: User, ...given: unknown[]) {
      const answer = wider(await Reflect.apply(rpc, this, given))
      return name === 'enter' ? strange(given[0], answer) : answer
    },
  })
}
export class McpSession extends server.McpSession {}
export class Control extends server.Control {}

type Rpc = (...given: unknown[]) => unknown

/** A user's object, called as the later release does. `later`: an RPC that only that release has. */
const callWider = (stub: object, later: string | null): object =>
  new Proxy(stub, {
    get: (target, name): unknown => {
      const called = name === later ? `${later}Later` : name
      const rpc: unknown = Reflect.get(target, called)
      if (typeof rpc !== 'function' || name === 'then') return rpc
      const call: Rpc = (...given) => Reflect.apply(rpc, target, [...given.map(wider), { later: true }])
      return call
    },
  })

const wrapped = new WeakMap<Env, Map<string | null, Env>>()

function laterEnv(env: Env, later: string | null): Env {
  const known = wrapped.get(env) ?? new Map<string | null, Env>()
  wrapped.set(env, known)
  const found = known.get(later)
  if (found !== undefined) return found
  const USER = new Proxy(env.USER, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      const call: Rpc = (...given) => {
        const made: unknown = Reflect.apply(member, target, given)
        return name === 'getByName' && typeof made === 'object' && made !== null
          ? callWider(made, later)
          : made
      }
      return call
    },
  })
  const made = { ...env, USER }
  known.set(later, made)
  return made
}

const { worker } = server
export default {
  ...worker,
  fetch: (request, env, ctx) => worker.fetch(request, laterEnv(env, request.headers.get(LATER_RPC)), ctx),
} satisfies ExportedHandler<Env>
