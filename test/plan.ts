/** Which tests `npm test` (test/quick.config.ts) and `npm run test:all` (vitest.config.ts) run, and in what order. */
import { relative, resolve, sep } from 'node:path'
import {
  defineConfig,
  type TestProjectConfiguration,
  type TestProjectInlineConfiguration,
  type ViteUserConfig,
} from 'vitest/config'
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node'
import { PATIENCE } from './support/patience.ts'

const ROOT = `${import.meta.dirname}/..`

// The engine's tests run on the todos product, whichever product src/index.ts serves (harness/local/chosen-product.ts).
process.env['MCP_PRODUCT'] = 'todos'
// A system that starts on an empty state copies the migrated database of an earlier start (harness/local/migrations.ts).
process.env['MIGRATED_STATES'] = resolve(ROOT, 'node_modules/.cache/migrated')

/** Plain Node. */
export const unitProject = (exclude: readonly string[] = []): TestProjectInlineConfiguration => ({
  oxc: { jsx: { runtime: 'automatic', importSource: 'hono/jsx' } },
  test: {
    name: 'unit',
    // A product brings its own tests, beside its tools.
    include: ['test/unit/**/*.test.{ts,tsx}', '{src,examples}/*/tools/*.test.ts'],
    exclude: [...exclude],
    environment: 'node',
    // Files share one module graph: most import the same parts. A file puts back what it changes of the process.
    isolate: false,
    ...PATIENCE,
  },
})

/** The whole system, started as `npm start` does. The attacks are stories too: in one project they share the systems. */
export const storiesProject = (include: readonly string[]): TestProjectInlineConfiguration => ({
  root: ROOT,
  test: {
    name: 'e2e',
    include: [...include],
    globalSetup: ['test/support/start-shared-worlds.ts'],
    ...PATIENCE,
  },
})
export const ALL_STORIES = [
  'test/e2e/**/*.test.ts',
  'test/attack/*.test.ts',
  'test/upgrade/*.test.ts',
] as const

/** `npm test` leaves out fuzz and a long audit log, and of the Workers crash schedules, the fault matrix and floods too. */
export const NOT_QUICK = ['test/unit/fuzz/**', 'test/unit/scripts/audit-memory.test.ts']
export const QUICK_WORKERS: readonly string[] = [
  'examples/todo-api',
  'emulators/pingone',
  'test/workers/admission',
  'test/workers/audit',
  'test/workers/calls',
  'test/workers/control',
  'test/workers/grants',
  'test/workers/mcp',
  'test/workers/notes-api',
  'test/workers/users',
]

/** One story of each kind. */
export const QUICK_STORIES = {
  'a client signs in, reads and writes': 'test/e2e/every-client-signs-in.test.ts',
  'the user decides what a client gets': 'test/e2e/what-a-user-decides.test.ts',
  'the user allows more': 'test/e2e/step-up.test.ts',
  'the pages of the user': 'test/e2e/me.test.ts',
  'two users do not meet': 'test/e2e/nobody-sees-anothers.test.ts',
  'what specifications require': 'test/e2e/what-the-specifications-ask.test.ts',
  'what storage keeps': 'test/e2e/storage-keeps-secrets.test.ts',
  'an operator checks the settings': 'test/e2e/doctor.test.ts',
  'the engine serves another product': 'test/e2e/another-product.test.ts',
  'an attack': 'test/attack/the-nine-classes.test.ts',
  'PingOne fails': 'test/attack/pingone-answers-with-an-error.test.ts',
} as const satisfies Readonly<Record<string, string>>

/** The files that take longest, the longest first. Begun last, one of them would keep a single core busy at the end. */
export const LONGEST_FIRST: readonly string[] = [
  'test/e2e/kill-nine.test.ts',
  'test/workers/fuzz/requests.test.ts',
  'test/workers/crash/schedules.test.ts',
  'test/workers/crash/more-schedules.test.ts',
  'test/e2e/clients-table.test.ts',
  'test/attack/pingone-is-down.test.ts',
  'test/workers/crash/shipping-schedules.test.ts',
  'test/workers/faults/faults.test.ts',
  'test/workers/faults/acts.test.ts',
  'test/workers/records/a-year.test.ts',
  'test/workers/faults/walk.test.ts',
  'test/conformance/conformance.test.ts',
  'test/e2e/client-keys-rotate.test.ts',
  'test/e2e/operate-command.test.ts',
  'test/e2e/start.test.ts',
  'test/attack/floods/addresses.test.ts',
  'test/attack/audit-log-is-changed.test.ts',
  'test/attack/floods/audit-floods.test.ts',
  'test/attack/floods/made-up-floods.test.ts',
  'test/attack/tenant-is-switched.test.ts',
  'test/attack/root-keys-come-and-go.test.ts',
  'test/unit/scripts/new-product.test.ts',
  'test/e2e/first-minute.test.ts',
  'test/e2e/another-product.test.ts',
  'test/upgrade/rolled-back.test.ts',
  'test/upgrade/two-versions-at-once.test.ts',
  'test/e2e/bench.test.ts',
  'test/e2e/sessions-live.test.ts',
  'test/attack/canary.test.ts',
  'test/workers/mcp/long-work.test.ts',
  // `npm run test:browser` alone.
  'test/browser/inspector.test.ts',
  'test/browser/early-clicks.test.ts',
  'test/browser/me.test.ts',
]

const inRepository = (path: string): string => relative(ROOT, path).replaceAll(sep, '/')

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = LONGEST_FIRST.indexOf(inRepository(moduleId))
  return place === -1 ? LONGEST_FIRST.length : place
}

/** Needs no times of an earlier run, which a fresh clone does not have. The others come project by project. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own method, which gives a new list
    const all = await super.sort(files)
    return all.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}

const SHOWN = 10

/** Everything that one file kept a place busy for. */
const secondsOf = (module: TestModule): number => {
  const { duration, collectDuration, setupDuration, prepareDuration, environmentSetupDuration } =
    module.diagnostic()
  const all = duration + collectDuration + setupDuration + prepareDuration + environmentSetupDuration
  return all / 1000
}

/** Prints the files that took longest, so that a run that becomes slow says where. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({
      file: inRepository(module.moduleId),
      seconds: secondsOf(module),
    }))
    const slowest = times.toSorted((one, other) => other.seconds - one.seconds).slice(0, SHOWN)
    const lines = slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}\n`)
    process.stdout.write(`The slowest of ${times.length} files:\n${lines.join('')}`)
  }
}

/** A run of these projects. */
export const runOf = (projects: TestProjectConfiguration[]): ViteUserConfig =>
  defineConfig({
    test: {
      projects,
      // What a passing test logs is noise; a failing one shows its lines.
      silent: 'passed-only',
      sequence: { sequencer: LongestFirst },
      reporters: ['default', new SlowestFiles()],
    },
  })
