import { Emulator } from '../../test/support/emulator.ts'
import { send } from './exchange.ts'
import type { Cases } from './cases.ts'
import { signInOnce } from './logins.ts'
import type { Servers } from './servers.ts'

/** The PingOne paths that a server calls; the user's browser opens all others. */
const FOR_SERVERS = ['discovery', 'jwks', 'par', 'token', 'userinfo', 'introspect', 'revoke'] as const
export type PingOneRequests = Readonly<Partial<Record<(typeof FOR_SERVERS)[number], number>>>

/** Counts our server's requests to PingOne during an action. */
export async function countWhile({ emulatorOrigin }: Servers, act: () => Promise<unknown>) {
  const emulator = new Emulator(emulatorOrigin)
  const { counts: before } = await emulator.state()
  await act()
  const { counts: after } = await emulator.state()
  const sent = FOR_SERVERS.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  const asked: PingOneRequests = Object.fromEntries(sent.filter(([, times]) => times > 0))
  return asked
}

/** The first login of an isolate, with cold caches, and a later one. */
export async function countLogins(servers: Servers) {
  const first = await countWhile(servers, () => signInOnce(servers))
  const next = await countWhile(servers, () => signInOnce(servers))
  return { firstLogin: first, nextLogin: next }
}

/** Both transports, warm, so that the key fetch of the Todo API is not counted. */
export const countCalls = (servers: Servers, { statelessCall, sessionCall }: Cases, times: number) =>
  countWhile(servers, async () => {
    for (let time = 0; time < times; time += 1) {
      await send(statelessCall)
      await send(sessionCall)
    }
  })

export const total = (asked: PingOneRequests): number =>
  Object.values(asked).reduce((sum, times) => sum + times, 0)
