import { join } from 'node:path'
import { runWrangler } from '#harness/deployed-worker.ts'
import { median } from './statistics.ts'

const ACTIVE = /Active: ([\d.]+) ms/

/** CPU time from loading the bundle to the first request, by wrangler's profile; median of `times`. */
export async function measureStartup(outDir: string, times: number): Promise<number> {
  const taken: number[] = []
  for (let time = 0; time < times; time += 1) {
    const profile = join(outDir, 'startup.cpuprofile')
    const told = await runWrangler(['check', 'startup', `--outfile=${profile}`, '--args=--env='])
    const ms = ACTIVE.exec(told)?.[1]
    if (ms === undefined) throw new Error(`wrangler check startup told no active time:\n${told}`)
    taken.push(Number(ms))
  }
  return median(taken)
}
