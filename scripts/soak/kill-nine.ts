import { setTimeout as sleep } from 'node:timers/promises'
import { Emulator } from '#harness/emulator.ts'
import { startWorld, type World } from '#harness/world.ts'
import { storyContext } from '#harness/story.ts'
import { type AuditWitness, faultsIn, witnessAudit } from './audit-witness.ts'
import { type ClientUnderLoad, KINDS_OF_CLIENT, startClient } from './client-under-load.ts'

/** Counts from the Todo API, PingOne's emulator and the audit log. All except the work done must be 0. */
export interface KillNine extends AuditWitness {
  kills: number
  writes: number
  'told done': number
  'told unknown': number
  'unknown and done': number
  refreshes: number
  'redemptions at PingOne': number
  lost: number
  doubled: number
  'done though told not': number
  'families killed': number
  'signed out': number
  seconds: number
}

export const isLossless = (found: KillNine): boolean =>
  found.lost +
    found.doubled +
    found['done though told not'] +
    found['families killed'] +
    found['signed out'] +
    faultsIn(found) ===
  0

/** Random load time before each kill, so that kills hit different work. */
const LOAD_MS = [200, 900] as const
/** Users change every few kills, so that their lists stay short. */
const KILLS_PER_CLIENT = 10
// PingOne's token has a minute left at a call, so every call a few seconds later refreshes it.
const DOWNSTREAM_SECONDS = 62

/** Repeatedly kills the MCP Worker's process group under load and restarts it on the same state. */
export async function killNine(kills: number, users: number): Promise<KillNine> {
  const start = performance.now()
  await using world = await startWorld({ settings: { REQUESTS_PER_MINUTE: '10000' } })
  const emulator = new Emulator(world.addresses.emulatorOrigin)
  // The grace that a tenant must configure (decision 7): without it a crash between PingOne and us is fatal for a grant.
  await emulator.set({ rotationGraceSeconds: 60, accessTokenSeconds: DOWNSTREAM_SECONDS })
  const story = storyContext(world.addresses)
  const oauth = await story.newClient()
  const found: Found[] = []
  let stepUps = 0
  for (let done = 0; done < kills; done += KILLS_PER_CLIENT) {
    const clients: ClientUnderLoad[] = []
    for (let count = 0; count < users; count += 1) {
      const kind = KINDS_OF_CLIENT[count % KINDS_OF_CLIENT.length] ?? 'stateless'
      if (kind === 'step-up') stepUps += 1
      clients.push(await startClient(oauth, story, kind))
    }
    found.push(...(await killUnderLoad(world, clients, Math.min(KILLS_PER_CLIENT, kills - done))))
  }
  const audit = await witnessAudit(world.addresses)
  const state = await emulator.state()
  const ended = (isRevoked: boolean) =>
    state.families.filter(({ alive, endedBecause: why }) => !alive && (why === 'revoked') === isRevoked)
      .length
  // A step-up revokes the tokens that it replaces.
  const killed = ended(false) + Math.max(0, ended(true) - stepUps)
  const sum = (of: (one: Found) => number) => found.reduce((total, one) => total + of(one), 0)
  return {
    kills,
    writes: sum(({ writes }) => writes),
    'told done': sum(({ done }) => done),
    'told unknown': sum(({ unknown }) => unknown),
    'unknown and done': sum(({ unknownDone }) => unknownDone),
    refreshes: sum(({ refreshes }) => refreshes),
    'redemptions at PingOne': state.grants['refresh_token'] ?? 0,
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    'done though told not': sum(({ contrary }) => contrary),
    'families killed': killed,
    'signed out': sum(({ signedOut }) => signedOut),
    ...audit,
    seconds: Math.round((performance.now() - start) / 1000),
  }
}

async function killUnderLoad(world: World, clients: readonly ClientUnderLoad[], kills: number) {
  const [least, most] = LOAD_MS
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(least + ((most - least) * ((kill * 7) % 10)) / 10)
    await world.kill9('mcp')
    await world.restart('mcp')
  }
  await sleep(least)
  return Promise.all(clients.map(compare))
}

type Found = Awaited<ReturnType<typeof compare>>

/** Compares reported outcomes with the stored todos. */
async function compare(client: ClientUnderLoad) {
  const signedOut = await client.finish().then(
    () => 0,
    (error: unknown) => {
      console.error(String(error))
      return 1
    },
  )
  const list = signedOut === 0 ? await client.list() : new Map<string, number>()
  const told = [...client.writes]
  const count = (as: string, isThere: (times: number) => boolean) =>
    told.filter(([text, how]) => how === as && isThere(list.get(text) ?? 0)).length
  return {
    writes: told.length,
    done: count('done', () => true),
    unknown: count('unknown', () => true),
    unknownDone: count('unknown', (times) => times > 0),
    lost: count('done', (times) => times === 0),
    contrary: count('not done', (times) => times > 0),
    doubled: [...list.values()].filter((times) => times > 1).length,
    refreshes: client.refreshes(),
    signedOut,
  }
}
