import { StartProblem } from '#harness/local/start-problem.ts'
import { todos } from '#todos/index.ts'

interface RecordedResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a command printed when it was recorded, or as wrangler's source prints it. */
export type Recorded = Partial<RecordedResult>

const COMMIT = '4b70b2057ab6ab1c1ba0d1a2b3c4d5e6f7a8b9c0'
export const commit = { full: COMMIT, short: COMMIT.slice(0, 12), before: '0123456789ab' }
export const versionIds = {
  now: '2b2c3d4e-0000-4000-8000-000000000002',
  before: '1b2c3d4e-0000-4000-8000-000000000001',
}

export const facts = {
  name: 'production',
  worker: 'mcp-production',
  isOnWorkersDev: false,
  vars: {},
  hasApiBinding: true,
  hasExampleApi: false,
  hostnames: ['mcp.example.com'],
}

export const settings = {
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: 'https://auth.pingone.eu/7f9a1f2e-0000-4000-8000-000000000001/as',
  PINGONE_DV_POLICY_ID: 'policy',
  MCP_SERVER_CLIENT_ID: 'the-application',
  MCP_SERVER_CLIENT_SECRET: 'the-secret',
  API_IDENTIFIER: 'todo-api',
  ROOT_KEYS: 'k1:not-a-key',
}

export const secretList = (names: readonly string[]): Recorded => ({
  stdout: JSON.stringify(
    names.map((name) => ({ name, type: 'secret_text' })),
    null,
    2,
  ),
})

/** wrangler 4.155: `secret list` for a Worker that does not exist. */
export const noWorker: Recorded = {
  code: 1,
  stderr:
    '✘ [ERROR] Worker "mcp-production" (env: production) not found.\n\n  If this is a new Worker, run `wrangler deploy` first to create it.\n' +
    "  Otherwise, check that the Worker name is correct and you're logged into the right account.\n",
}

/** A failed request of Cloudflare's API, as wrangler prints it. */
export const apiError = (path: string, text: string): Recorded => ({
  code: 1,
  stderr: `✘ [ERROR] A request to the Cloudflare API (/accounts/<account>/${path}) failed.\n\n  ${text}\n`,
})

const version = (id: string, created: string, tag: string) => ({
  id,
  number: 1,
  metadata: { created_on: created, source: 'wrangler', author_id: 'a', author_email: 'ops@example.com' },
  annotations: { 'workers/message': `0.1.0 ${tag}`, 'workers/tag': tag, 'workers/triggered_by': 'upload' },
})
export const deployment = (
  versions: readonly (readonly [string, number])[],
  created: string,
  triggered = 'upload',
) => ({
  id: crypto.randomUUID(),
  source: 'wrangler',
  strategy: 'percentage',
  author_email: 'ops@example.com',
  created_on: created,
  annotations: { 'workers/triggered_by': triggered },
  versions: versions.map(([version_id, percentage]) => ({ version_id, percentage })),
})

const uploaded =
  'Total Upload: 1482.11 KiB / gzip: 301.20 KiB\nUploaded mcp-production (3.21 sec)\n' +
  `Deployed mcp-production triggers (1.04 sec)\n  mcp.example.com (custom domain)\nCurrent Version ID: ${versionIds.now}\n`

const good: Record<string, Recorded> = {
  'git status': {},
  'git rev-parse': { stdout: `${commit.full}\n` },
  'git diff': {},
  'npm run check': {},
  'npm test': {},
  whoami: {
    stdout: JSON.stringify({
      loggedIn: true,
      authType: 'OAuth Token',
      email: 'ops@example.com',
      accounts: [{ name: 'Example', id: '0'.repeat(32) }],
      tokenPermissions: ['account:read', 'workers:write', 'd1:write'],
    }),
  },
  'secret list': secretList(Object.keys(settings)),
  'versions list': {
    stdout: JSON.stringify([
      version(versionIds.before, '2026-11-20T10:00:00.000Z', commit.before),
      version(versionIds.now, '2026-11-28T10:00:00.000Z', commit.short),
    ]),
  },
  'deployments list': {
    stdout: JSON.stringify([
      deployment([[versionIds.before, 100]], '2026-11-20T10:00:00.000Z'),
      deployment([[versionIds.now, 100]], '2026-11-28T10:00:00.000Z'),
    ]),
  },
  deploy: { stdout: uploaded },
  'd1 migrations': { stdout: '✅ No migrations to apply!\n' },
  'secret bulk': { stdout: '✨ Successfully created secret for key: PUBLIC_ORIGIN\n' },
  rollback: {
    stdout: `SUCCESS  Worker Version ${versionIds.before} has been deployed to 100% of traffic.\n`,
  },
}

/**
 * Commands that answer what was recorded; `different` replaces answers by the first words of a command. `calls` has every
 * command in order, as one line.
 */
export function recordedRun(different: Record<string, Recorded> = {}) {
  const recorded = { ...good, ...different }
  const recordAgain = (words: string) => void (recorded[words] = good[words] ?? {})
  const calls: string[] = []
  const inputs: string[] = []
  const lines: string[] = []
  const smoked: (string | null)[] = []
  const answer = (line: string): RecordedResult => {
    calls.push(line)
    const key = Object.keys(recorded)
      .filter((words) => line === words || line.startsWith(`${words} `))
      .toSorted((one, other) => other.length - one.length)[0]
    if (key === undefined) throw new Error(`nothing is recorded for: ${line}`)
    return { code: 0, stdout: '', stderr: '', ...recorded[key] }
  }
  return {
    calls,
    /** From now on these words are answered as after a good run. */
    recordAgain,
    inputs,
    lines,
    smoked,
    deps: {
      wrangler: async (parameters: readonly string[], input?: string) => {
        if (input !== undefined) inputs.push(input)
        return answer(parameters.join(' '))
      },
      command: async (command: string, parameters: readonly string[]) =>
        answer([command, ...parameters].join(' ')),
      print: (line: string) => void lines.push(line),
      readSettings: () => settings,
      examine: async () => [],
      smoke: async (origin: string, expected: string | null) => {
        smoked.push(origin, expected)
        return []
      },
      signIn: null,
      product: todos,
      confirm: async () => true,
    },
  }
}

/** A finding of the doctor or of the smoke test. */
export const problemOf = (check: string, found: string) => ({
  level: 'problem' as const,
  check,
  found,
})

/** The paragraph that a command ends with. */
export async function paragraphOf(running: Promise<unknown>): Promise<string> {
  try {
    await running
  } catch (error) {
    if (error instanceof StartProblem) return error.message
    throw error
  }
  throw new Error('it did not stop')
}
