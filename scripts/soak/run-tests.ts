import { spawn } from 'node:child_process'
import { env } from 'node:process'
import { ROOT } from '#harness/local/workers.ts'

/** Runs tests with more work than `npm run test:all` gives them. */
export function runTests(which: readonly string[], more: Readonly<Record<string, string>>): Promise<boolean> {
  const child = spawn('vitest', ['run', ...which], { cwd: ROOT, stdio: 'inherit', env: { ...env, ...more } })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
}

/** The simulated year of one user who makes this many calls a day. */
export function simulateYear(callsPerDay: number): Promise<boolean> {
  console.log(`a year of ${callsPerDay} calls a day`)
  const year = 'test/workers/records/a-year.test.ts'
  return runTests(['--project', 'calls', year], { CALLS_PER_DAY: String(callsPerDay) })
}
