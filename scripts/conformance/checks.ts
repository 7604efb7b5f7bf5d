import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Check = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
})
export type Check = z.infer<typeof Check>

/** The suite stores a scenario's run as `<prefix><scenario>-<time>/checks.json`. */
const FOLDER = /^(?:server|authorization-server)-(?<scenario>.+)-\d{4}-\d{2}-\d{2}T[\dZ-]+$/

/** Reads the checks of each scenario in this folder. Ignores the suite's own verdict. */
export function readChecks(folder: string): ReadonlyMap<string, readonly Check[]> {
  const found = new Map<string, readonly Check[]>()
  for (const name of readdirSync(folder)) {
    const scenario = FOLDER.exec(name)?.groups?.['scenario']
    if (scenario === undefined) throw new Error(`${name} is not the result of a scenario`)
    const path = join(folder, name, 'checks.json')
    found.set(scenario, existsSync(path) ? z.array(Check).parse(JSON.parse(readFileSync(path, 'utf8'))) : [])
  }
  return found
}
