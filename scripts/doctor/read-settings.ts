import { existsSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { keepKeys } from '#harness/local/keys.ts'
import { planLocal } from '#harness/local/plan.ts'
import { portsFrom } from '#harness/local/ports.ts'
import { parseJson, readPrivateFile } from '#harness/local/private-file.ts'
import { type GivenSettings, mergeSettings, readSettingsFile, unknownNames } from '#harness/local/settings.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'

const Settings = z.record(z.string(), z.string())

/** Reads the settings of one deployment: lines of NAME=value, or the JSON of `wrangler secret bulk`. */
export function readDeployment(path: string): GivenSettings {
  const text = readPrivateFile(path)
  if (text === undefined)
    throw new StartProblem(
      `${path} is not there. npm run setup -- <environment> makes one (docs/first-deployment.md).`,
    )
  if (!text.trimStart().startsWith('{')) return parseEnv(text)
  const read = Settings.safeParse(parseJson(text))
  if (!read.success) throw new StartProblem(`${path} is not JSON with a text for each name.`)
  return read.data
}

/** The settings that `npm start` would use. */
export function readLocal(stateDir: string): GivenSettings {
  const fromFile = readSettingsFile('.dev.vars')
  const given = mergeSettings(fromFile, process.env)
  const { keys } = describeStateFolder(stateDir)
  if (!existsSync(keys)) {
    throw new StartProblem('npm start has not run here yet. Start it, or name settings: --env-file <path>')
  }
  const ports = portsFrom({ ...fromFile, ...process.env })
  // Includes unknown names of the file, so that they are reported; npm start drops them.
  const unknown = unknownNames(fromFile).map((name) => [name, fromFile[name]] as const)
  return { ...Object.fromEntries(unknown), ...planLocal(given, ports, keepKeys(keys)).settings }
}
