import { globSync, readFileSync } from 'node:fs'
import { ROOT } from '#harness/local/workers.ts'

/** One line `@step <journey> <number or range> <text>` in the doc comment of what answers that step. */
export interface Step {
  readonly journey: string
  readonly first: number
  readonly last: number
  readonly text: string
  readonly file: string
}

const STEP = /^ *\* @step (\S+) (\d+)(?:-(\d+))? (\S.*)$/gm

/** All steps in src/, in the order of the journeys. */
export const readSteps = (): readonly Step[] =>
  globSync('src/**/*.{ts,tsx}', { cwd: ROOT })
    .toSorted()
    .flatMap((file) => stepsIn(file, readFileSync(`${ROOT}/${file}`, 'utf8')))
    .toSorted((one, other) => one.first - other.first || one.last - other.last)

const stepsIn = (file: string, code: string): Step[] =>
  [...code.matchAll(STEP)].map(([, journey = '', first, last = first, text = '']) => ({
    journey,
    first: Number(first),
    last: Number(last),
    text,
    file,
  }))

const TABLE = /(<!-- steps ([\w-]+): [^>]*-->\n)[\s\S]*?(<!-- end of steps -->)/g

/** docs/journeys.md with the table of each journey between its two comments. */
export const renderJourneys = (page: string, steps: readonly Step[]): string =>
  page.replaceAll(TABLE, (_, begin: string, journey: string, end: string) => {
    const rows = Map.groupBy(
      steps.filter((step) => step.journey === journey),
      ({ first, last, text }) => `${first === last ? first : `${first}-${last}`}: ${text}`,
    )
    const lines = [...rows].map(([step, all]) => `| ${step} | ${filesOf(all)} |\n`)
    return `${begin}\n| step | file |\n|---|---|\n${lines.join('')}\n${end}`
  })

const filesOf = (steps: readonly Step[]): string =>
  [...new Set(steps.map(({ file }) => `\`${file}\``))].join(', ')
