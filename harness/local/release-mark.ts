import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseJson, readPrivateFile, writePrivateFile } from './private-file.ts'
import type { StateFolder } from './state-folder.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Which release wrote a state folder last. Other releases read this file: fields are added, never renamed. */
const Mark = z.object({
  release: z.string(),
  /** The tag of the last Durable Object migration of that release. */
  migration: z.string(),
})

const Package = z.object({ version: z.string() })

const Configuration = z.object({
  name: z.string(),
  durable_objects: z.object({ bindings: z.array(z.object({ class_name: z.string() })) }),
  migrations: z.array(z.object({ tag: z.string() })).min(1),
})

interface Release {
  readonly version: string
  readonly worker: string
  /** The classes that it binds. */
  readonly classes: readonly string[]
  /** The tags of its migrations, the oldest first. */
  readonly migrations: readonly string[]
}

/** Whole-line comments and trailing commas are all that wrangler.jsonc has beyond JSON. */
const readConfiguration = (text: string) =>
  Configuration.parse(JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(?=\s*[}\]])/g, '')))

/** The release of this checkout, as its package.json and wrangler.jsonc describe it. */
export function thisRelease(): Release {
  const { version } = Package.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
  const { name, durable_objects, migrations } = readConfiguration(
    readFileSync(join(ROOT, 'wrangler.jsonc'), 'utf8'),
  )
  return {
    version,
    worker: name,
    classes: durable_objects.bindings.map(({ class_name }) => class_name),
    migrations: migrations.map(({ tag }) => tag),
  }
}

/** Classes that only former releases have, each with the last release that has it. */
const FORMER_CLASSES: Readonly<Record<string, string>> = { Person: '0.1.0' }

export function writeMark({ release: path }: StateFolder): void {
  const { version: release, migrations } = thisRelease()
  writePrivateFile(path, `${JSON.stringify({ release, migration: migrations.at(-1) })}\n`)
}

/**
 * Why this release cannot open a folder that has data, as the beginning of a sentence; undefined when it can. `format`: the
 * one that this release writes. A folder without a mark is recognized by the names of its classes.
 */
export function whyUnreadable(folder: StateFolder, format: string): string | undefined {
  const ours = thisRelease()
  const mark = readMark(folder)
  if (mark === 'damaged') return `${folder.release} cannot be read, so it is unknown which release wrote it`
  const strange = storedClasses(folder, ours.worker).filter((name) => !ours.classes.includes(name))
  const writer =
    mark?.release ?? strange.map((name) => FORMER_CLASSES[name]).find((release) => release !== undefined)
  const by = writer === undefined ? 'another release' : `release ${writer}`
  if (mark !== undefined && !ours.migrations.includes(mark.migration))
    return (
      `it was written by ${by}, which has the Durable Object migration ${mark.migration}; ` +
      `this release, ${ours.version}, ends with ${ours.migrations.at(-1)}`
    )
  if (strange.length > 0)
    return `it was written by ${by} and keeps data in the class ${strange.join(', ')}, which this release does not have`
  if (readPrivateFile(folder.format) !== format)
    return `it was written by ${by}, which kept it in another form`
  return undefined
}

function readMark({ release }: StateFolder): z.infer<typeof Mark> | 'damaged' | undefined {
  const text = readPrivateFile(release)
  return text === undefined ? undefined : (Mark.safeParse(parseJson(text)).data ?? 'damaged')
}

/** The Durable Object classes of the MCP server that have data here: one folder each, `<name of the Worker>-<class>`. */
function storedClasses({ data }: StateFolder, worker: string): readonly string[] {
  const objects = join(data, 'mcp', 'v3', 'do')
  if (!existsSync(objects)) return []
  return readdirSync(objects)
    .filter((name) => name.startsWith(`${worker}-`))
    .map((name) => name.slice(worker.length + 1))
}
