import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Everything that the User objects store, and all key names in KV. Equal before and after: nothing was touched. */
export async function everythingStored() {
  const ids = await listDurableObjectIds(env.USER)
  const users = await Promise.all(
    ids.map(async (id) => {
      const read = (_: unknown, { storage }: DurableObjectState) => ({
        rows: [...storage.kv.list()],
        tables: storage.sql.exec('SELECT name FROM sqlite_master ORDER BY name').toArray(),
      })
      return [id.toString(), await runInDurableObject(env.USER.get(id), read)] as const
    }),
  )
  const sessions = await listDurableObjectIds(env.MCP_SESSION)
  const { keys } = await env.OAUTH_KV.list()
  return {
    users: users.toSorted(([a], [b]) => a.localeCompare(b)),
    sessions: sessions.length,
    kv: keys.map(({ name }) => name),
  }
}
