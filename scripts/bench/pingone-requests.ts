import { Emulator } from '../../test/support/emulator.ts'
import { send } from './exchange.ts'
import type { Cases } from './cases.ts'
import { signInOnce } from './logins.ts'
import type { Servers } from './servers.ts'

/** What a server asks PingOne for; everything else there is opened by the user's browser. */
const FOR_SERVERS = ['discovery', 'jwks', 'par', 'token', 'userinfo', 'introspect', 'revoke'] as const
export type PingOneRequests = Readonly<Partial<Record<(typeof FOR_SERVERS)[number], number>>>

/** Requests that our server sends to PingOne while something is done. */
export async function countWhile({ emulatorOrigin }: Servers, act: () => Promise<unknown>) {
  const emulator = new Emulator(emulatorOrigin)
  const { counts: before } = await emulator.state()
  await act()
  const { counts: after } = await emulator.state()
  const sent = FOR_SERVERS.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  const asked: PingOneRequests = Object.fromEntries(sent.filter(([, times]) => times > 0))
  return asked
}

/** The first login of an isolate, which knows nothing of PingOne yet, and one that comes after it. */
export async function countLogins(servers: Servers) {
  const first = await countWhile(servers, () => signInOnce(servers))
  const next = await countWhile(servers, () => signInOnce(servers))
  return { firstLogin: first, nextLogin: next }
}

/** Both transports; warm, so that the keys that the Todo API fetches for itself are no part of it. */
export const countCalls = (servers: Servers, { statelessCall, statefulCall }: Cases, times: number) =>
  countWhile(servers, async () => {
    for (let time = 0; time < times; time += 1) {
      await send(statelessCall)
      await send(statefulCall)
    }
  })

export const total = (asked: PingOneRequests): number =>
  Object.values(asked).reduce((sum, times) => sum + times, 0)
