import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { verifyLog } from '#audit/verify.ts'
import { AuditEvent } from '#events/event.ts'
import { describeStateFolder, type StateFolder } from '#harness/local/state-folder.ts'
import type { Addresses } from '#harness/world.ts'
import { openLocalDatabase } from '../audit/databases.ts'
import { readLocalKey } from '../audit/key.ts'
import { SqlAuditLog } from '../audit/sql-log.ts'

/** Each of these must be 0. */
const FAULTS = [
  'without an intent',
  'without an outcome',
  'recorded twice',
  'recorded as not done',
  'recorded as done and not done',
  'events twice',
  'gaps in a chain',
  'findings of verify',
] as const

/** What the audit log says of the writes that the API did. */
export interface AuditWitness extends Record<(typeof FAULTS)[number], number> {
  'writes at the API': number
  'recorded as unknown': number
  events: number
}

export const faultsIn = (found: AuditWitness): number => FAULTS.reduce((sum, name) => sum + found[name], 0)

/** A call that a crash left open ends as unknown after two minutes. */
const PATIENCE_MS = 240_000
const POLL_MS = 1000

/**
 * Waits until the users' objects have nothing left to ship, signs the head as the daily run does, and compares the audit log
 * with the API's own log.
 */
export async function witnessAudit({ origin, stateDir }: Addresses): Promise<AuditWitness> {
  const folder = describeStateFolder(stateDir)
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const waiting = waitingIn(folder)
    const done = writesAtApi(folder)
    using log = openLog(folder)
    const { calls } = await readCalls(log)
    const open = [...calls.values()].filter(({ began, ended }) => began > ended).length
    const missing = [...done.keys()].filter((transaction) => outcomesOf(calls, transaction) === 0).length
    if (waiting + open + missing === 0) break
    if (performance.now() > end)
      throw new Error(`after ${PATIENCE_MS} ms: ${JSON.stringify({ waiting, open, missing })}`)
    await sleep(POLL_MS)
  }
  const signed = await fetch(`${origin}/cdn-cgi/handler/scheduled`)
  if (!signed.ok) throw new Error(`the daily run: ${signed.status} ${await signed.text()}`)
  return compare(folder)
}

const openLog = (folder: StateFolder) => new SqlAuditLog(openLocalDatabase(folder), { isWhole: true })

const Rows = z.object({ rows: z.number() })

/** The calls without an outcome and the events of the users' objects that D1 may not have yet. */
function waitingIn({ data }: StateFolder): number {
  const objects = globSync('mcp/**/do/*User/*.sqlite', { cwd: data })
  if (objects.length === 0) throw new Error(`no users' objects below ${data}`)
  return objects.reduce((sum, file) => {
    using database = new DatabaseSync(join(data, file), { readOnly: true, timeout: 5000 })
    const count = (table: string, where: string) => {
      const has = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)
      if (has === undefined) return 0
      return Rows.parse(database.prepare(`SELECT COUNT(*) AS rows FROM ${table} WHERE ${where}`).get()).rows
    }
    return sum + count('outbox', 'TRUE') + count('calls', 'outcome IS NULL')
  }, 0)
}

const Written = z.object({ transactionId: z.string(), isReplayed: z.boolean() })
const WRITTEN = /\{"level":"info","event":"todos\.written".*\}/g

/** The writes of the API by transaction, from its own log. An answer that it repeats is no write. */
function writesAtApi(folder: StateFolder): ReadonlyMap<string, number> {
  const writes = new Map<string, number>()
  for (const [line] of readFileSync(folder.logOf('api'), 'utf8').matchAll(WRITTEN)) {
    const { transactionId, isReplayed } = Written.parse(JSON.parse(line))
    if (!isReplayed) writes.set(transactionId, (writes.get(transactionId) ?? 0) + 1)
  }
  return writes
}

/** What the events of one transaction say. `refused`: the call certainly did not run. */
interface RecordedCall {
  intents: number
  began: number
  ended: number
  isWrite: boolean
  outcomes: Record<'done' | 'unknown' | 'failed' | 'refused', number>
}

async function readCalls(log: SqlAuditLog) {
  const calls = new Map<string, RecordedCall>()
  const ids = new Set<string>()
  let [events, gaps] = [0, 0]
  let before = ''
  for await (const { chain, epoch, seq, body } of log.events()) {
    const event = AuditEvent.parse(JSON.parse(body))
    events += 1
    ids.add(event.id)
    if (seq !== 1 && before !== `${chain} ${epoch} ${seq - 1}`) gaps += 1
    before = `${chain} ${epoch} ${seq}`
    if (event.type !== 'call' && event.type !== 'call.began' && event.type !== 'call.ended') continue
    const call = calls.get(event.transaction ?? '') ?? newCall()
    calls.set(event.transaction ?? '', call)
    if (event.type !== 'call.ended') {
      call.intents += 1
      call.isWrite ||= event.effect === 'write'
    }
    if (event.type === 'call.began') call.began += 1
    if (event.type === 'call.ended') call.ended += 1
    if (event.type !== 'call.began') call.outcomes[event.outcome] += 1
  }
  return { calls, events, gaps, twice: events - ids.size }
}

const newCall = (): RecordedCall => ({
  intents: 0,
  began: 0,
  ended: 0,
  isWrite: false,
  outcomes: { done: 0, unknown: 0, failed: 0, refused: 0 },
})

const outcomesOf = (calls: ReadonlyMap<string, RecordedCall>, transaction: string): number =>
  Object.values(calls.get(transaction)?.outcomes ?? {}).reduce((sum, count) => sum + count, 0)

async function compare(folder: StateFolder): Promise<AuditWitness> {
  using log = openLog(folder)
  const { calls, events, gaps, twice } = await readCalls(log)
  const report = await verifyLog(log, { keys: readLocalKey(folder.path) })
  for (const finding of report.findings) console.error(JSON.stringify(finding))
  const done = writesAtApi(folder)
  const recorded = [...done.keys()].map((transaction) => calls.get(transaction) ?? newCall())
  const count = (has: (call: RecordedCall) => boolean) => recorded.filter(has).length
  return {
    'writes at the API': [...done.values()].reduce((sum, writes) => sum + writes, 0),
    events,
    'recorded as unknown': count(({ outcomes }) => outcomes.unknown > 0),
    'without an intent': count(({ intents }) => intents === 0),
    'without an outcome': count(({ outcomes }) => outcomes.done + outcomes.unknown === 0),
    'recorded twice': count(hasSecondRecord),
    'recorded as not done': count(({ outcomes }) => outcomes.failed > 0),
    'recorded as done and not done': [...calls].filter(
      ([transaction, { isWrite, outcomes }]) => isWrite && outcomes.done > 0 && !done.has(transaction),
    ).length,
    'events twice': twice,
    'gaps in a chain': gaps,
    'findings of verify': report.findings.length + report.more.findings,
  }
}

/**
 * A message that is sent again after its intent shipped has a second intent of the same transaction (calls/call-table.ts). That
 * is right only if the first one was refused: then no token was given out, and nothing ran.
 */
const hasSecondRecord = ({ intents, began, ended, outcomes }: RecordedCall): boolean =>
  intents - outcomes.refused > 1 || outcomes.done + outcomes.unknown > 1 || ended > began
