import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { ROOT } from '#harness/local/workers.ts'

/** One command of a check: `run` is a name in node_modules/.bin, or `node`. */
export interface CheckStep {
  readonly name: string
  readonly run: string
  readonly parameters: readonly string[]
  readonly folder?: string
}

/** Runs a step and reports the result; shows its prefixed output only on failure. */
export async function runStep({ name, run, parameters, folder = ROOT }: CheckStep): Promise<boolean> {
  const start = performance.now()
  const child = spawn(run, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(stripVTControlCharacters(line)))
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      lines.push(error.message)
      resolve(null)
    })
    child.once('close', resolve)
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${code === 0 ? '✓' : '✗'} ${name} ${seconds} s`)
  if (code !== 0) for (const line of lines) console.log(`  ${name}: ${line}`)
  return code === 0
}

/** Runs steps in parallel; true when all succeed. */
export async function runSteps(steps: readonly CheckStep[]): Promise<boolean> {
  const outcomes = await Promise.all(steps.map(runStep))
  return outcomes.every(Boolean)
}
