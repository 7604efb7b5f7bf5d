/**
 * `npm test`: every test that needs only npm. The test runner takes one project after the other, and the ones that talk
 * to a started system mostly wait; so those that need a system for themselves run beside all others. Their lines come
 * one after the other all the same. With arguments it is the test runner itself.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const BESIDE = 'e2e'

async function run(args: readonly string[], isShown: boolean): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [VITEST, 'run', ...args], {
    stdio: ['ignore', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
  })
  const said = Promise.all([textOf(child.stdout), textOf(child.stderr)])
  const [code] = await once(child, 'exit')
  return { code: code === 0 ? 0 : 1, said: (await said).join('') }
}

const textOf = async (stream: Readable | null): Promise<string> => (stream === null ? '' : text(stream))

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  if (args.length > 0) return (await run(args, true)).code
  const beside = run([`--project=${BESIDE}`], false)
  const others = await run([`--project=!${BESIDE}`], true)
  const { code, said } = await beside
  process.stdout.write(said)
  return Math.max(code, others.code)
}

process.exitCode = await main()
