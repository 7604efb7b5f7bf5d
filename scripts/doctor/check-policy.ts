import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { Head } from '#control/head.ts'
import type { StateFolder } from '#harness/local/state-folder.ts'
import { readPolicyFile } from '../policy/files.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const PAGE = 'docs/operate/policy.md'
/** PRIMARY of src/control/replicas.ts, which needs the types of the Worker. */
const PRIMARY = 'control'
const DAY_MS = 86_400_000

const Row = z.object({ text: z.string() })
const Hashes = z.array(z.object({ hash: z.string() }))
const Pending = z.object({ hash: z.string(), atMs: z.int() })

/** What an object of Control holds. `head` null: no policy is in force. */
interface ControlObject {
  role: string
  head: Head | null
  pending: z.infer<typeof Pending> | null
  history: readonly string[]
}

/** Nothing but the operator API can read Control in a deployment, and that needs a sign-in. */
export const deployedPolicyNote = (): Finding =>
  note('policy', 'not checked: what is in force and what waits needs a sign-in', {
    fix: 'npm run policy -- history and npm run policy -- drift, with --server',
    page: PAGE,
  })

/** Reads Control in a state folder: what is in force, what waits, copies that are behind, and the deployment's document. */
export async function checkPolicy(
  folder: StateFolder,
  carried: string,
  nowMs: number = Date.now(),
): Promise<readonly Finding[]> {
  const objects = readControl(folder)
  const primary = objects.find(({ role }) => role === PRIMARY)
  if (primary === undefined)
    return [note('policy', 'none is in force yet: Control adopts one at the first request to /mcp')]
  const { head } = primary
  if (head === null)
    return [
      problem('policy', 'none is in force, so every request of a client gets 503', {
        fix: `look for policy.not-adopted in the log, and run npm run policy -- check ${carried}`,
        page: PAGE,
      }),
    ]
  const behind = objects.filter((other) => other !== primary && (other.head?.sequence ?? 0) < head.sequence)
  return [
    ok('policy', `in force: ${head.policy}`),
    ...(await checkCarried(carried, head, primary)),
    ...checkPending(primary, nowMs),
    ...checkSwitches(head, nowMs),
    ...(behind.length === 0
      ? []
      : [
          note('copies of Control', `${behind.map(({ role }) => role).join(', ')} lack the last change`, {
            fix: 'Control brings it to them; if it stays, look for control.not-everywhere in the log',
            page: 'docs/operate.md#the-operator-api',
          }),
        ]),
  ]
}

async function checkCarried(
  carried: string,
  { bundles, policy }: Head,
  { history }: ControlObject,
): Promise<readonly Finding[]> {
  const name = `policy/${carried}.jsonc`
  const { read } = await readPolicyFile(carried)
  const remedy = { fix: `npm run policy -- check ${carried}`, page: PAGE }
  if (!read.ok) return [problem(name, 'it is not valid, so no deployment adopts it', remedy)]
  const { hash } = read.value.policy
  if (hash === policy) return [ok(name, 'it is in force')]
  if (bundles.includes(hash) || history.includes(hash))
    return [note(name, 'it was adopted before, and another policy is in force', { page: PAGE })]
  return [
    note(
      name,
      'it was not adopted: it is newer than what runs, or it was refused (policy.not-adopted)',
      remedy,
    ),
  ]
}

function checkPending({ pending }: ControlObject, nowMs: number): readonly Finding[] {
  if (pending === null || nowMs - pending.atMs < DAY_MS) return []
  const days = Math.floor((nowMs - pending.atMs) / DAY_MS)
  return [
    note('policy that waits', `${pending.hash} waits for a second editor for ${days} days`, {
      fix: 'npm run policy -- confirm, or drop',
      page: PAGE,
    }),
  ]
}

function checkSwitches({ switches }: Head, nowMs: number): readonly Finding[] {
  const running = switches.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
  if (running.length === 0) return []
  const kinds = running.map(({ target }) => target.kind).join(', ')
  return [
    note('switches', `off: ${kinds}`, {
      fix: 'npm run operate -- switch list',
      page: PAGE,
    }),
  ]
}

function readControl({ data }: StateFolder): ControlObject[] {
  const files = globSync('mcp/**/do/*-Control/*.sqlite', { cwd: data }).toSorted()
  return files.flatMap((file) => {
    using database = new DatabaseSync(join(data, file), { readOnly: true, timeout: 5000 })
    const hasTable = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'facts'").get() !== undefined
    if (!hasTable) return []
    const fact = (name: string): string | null => {
      const row = database.prepare('SELECT text FROM facts WHERE name = ?').get(name)
      return row === undefined ? null : Row.parse(row).text
    }
    const role = fact('role')
    if (role === null) return []
    const [head, pending] = [fact('head'), fact('pending')]
    const history = Hashes.parse(database.prepare('SELECT hash FROM history').all())
    return [
      {
        role,
        head: head === null ? null : Head.parse(JSON.parse(head)),
        pending: pending === null ? null : Pending.parse(JSON.parse(pending)),
        history: history.map(({ hash }) => hash),
      },
    ]
  })
}
