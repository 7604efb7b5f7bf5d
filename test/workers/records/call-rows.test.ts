import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { CALLS_LAST_MINUTES } from '#users/bounds.ts'
import { CallEvents } from '#users/calls/call-events.ts'
import { CallRows } from '#users/calls/call-rows.ts'
import { fillCalls, userWith } from '../calls/story.ts'
import { clock } from '../calls/worker.ts'

const [OLD, YOUNG] = [10, 3000]

test('beside many young calls, a shipment reads few rows more than it deletes', async () => {
  const user = await userWith('many-young', 'g1')
  await fillCalls(user, OLD + YOUNG, 'NULL, NULL, NULL')
  await runInDurableObject(user, (_object, { storage: { kv, sql } }) => {
    const oldMs = clock.nowMs - CALLS_LAST_MINUTES * 60_000
    sql.exec(`UPDATE calls SET began_at_ms = ${oldMs} WHERE event_seq <= 100 + ${OLD}`)
    let read = 0
    const exec = <T extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]) => {
      const cursor = sql.exec<T>(query, ...values)
      read += cursor.rowsRead
      return cursor
    }
    const rows = new CallRows({ kv, sql: { exec }, setAlarm: () => {} })
    new CallEvents(rows, () => clock.nowMs).release(100 + OLD + YOUNG)
    expect(sql.exec('SELECT COUNT(*) AS rows FROM calls').one()).toEqual({ rows: YOUNG })
    expect(read).toBeLessThan(10 * OLD)
  })
})
