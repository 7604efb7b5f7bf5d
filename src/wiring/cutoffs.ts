import { ClientCutoffTable, CutoffList } from '#audit/cutoffs.ts'
import type { Cutoffs } from '#authorization/clients/cut-off.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import type { Isolate } from './isolate.ts'

/** The clients that operators cut off, as `/mcp`, `/token` and `/callback` see them. */
export type WireCutoffs = (env: Env, afterAnswer: (work: Promise<unknown>) => void) => Cutoffs

export function wireCutoffs({ options, nowMs }: Isolate): WireCutoffs {
  const partsOf = oncePerEnv((env: Env) => {
    const table = new ClientCutoffTable(env.RECORDS, options.deps.deadlines.storageMs)
    return { table, list: new CutoffList(table, nowMs) }
  })

  return (env, afterAnswer) => {
    const { table, list } = partsOf(env)
    return {
      load: () => list.load(afterAnswer),
      of: (client) => list.of(client),
      isBlocked: async (client) => {
        const cutoff = await table.read(client).catch(() => list.of(client))
        return cutoff?.isBlocked === true
      },
    }
  }
}
