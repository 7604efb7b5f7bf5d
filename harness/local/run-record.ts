import { z } from 'zod'
import { readRunId } from './health.ts'
import { parseJson, readPrivateFile, writePrivateFile } from './private-file.ts'
import { StartProblem } from './start-problem.ts'
import type { StateFolder } from './state-folder.ts'

const RunRecord = z.object({
  runId: z.string(),
  origin: z.string(),
  /** Null when the run uses a PingOne of its own. */
  emulatorOrigin: z.string().nullable(),
  health: z.array(z.string()),
})

/** What a run leaves in its state folder, so that other commands find it. */
export type RunRecord = z.infer<typeof RunRecord>

export const writeRunRecord = (folder: StateFolder, record: RunRecord): void =>
  writePrivateFile(folder.run, `${JSON.stringify(record)}\n`)

/** Where the last run of this folder was, if it was not here: what clients keep from then names that address. */
export function otherOriginBefore(folder: StateFolder, origin: string): string | undefined {
  const read = RunRecord.safeParse(parseJson(readPrivateFile(folder.run) ?? ''))
  return read.success && read.data.origin !== origin ? read.data.origin : undefined
}

/** The run of this folder that is up now: a record alone says nothing, its Workers must answer with its id. */
export async function findLiveRun(folder: StateFolder): Promise<RunRecord | undefined> {
  const read = RunRecord.safeParse(parseJson(readPrivateFile(folder.run) ?? ''))
  if (!read.success) return undefined
  const { runId, health } = read.data
  const runIds = await Promise.all(health.map((address) => readRunId(address)))
  return runIds.includes(runId) ? read.data : undefined
}

/** Two runs on one folder would write the same databases. */
export async function refuseSecondRun(folder: StateFolder): Promise<void> {
  const run = await findLiveRun(folder)
  if (run === undefined) return
  throw new StartProblem(
    `${run.origin}/mcp is running already and uses ${folder.path}. End it first, or add -- --state <another folder>.`,
  )
}
