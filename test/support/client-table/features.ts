export const FEATURES = [
  'tools',
  'resources',
  'prompts',
  'completion',
  'elicitation',
  'progress',
  'cancellation',
  'step-up',
  'refresh',
] as const
export type Feature = (typeof FEATURES)[number]

/** `yes`, or the observed behaviour. The run that made the table observed both. */
export type Cells = Readonly<Record<Feature, string>>

export const YES = 'yes'
export const BY_LINK = 'by a link in the tool’s answer'

/** A claim that the run verifies. */
export function mustSee(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`not seen: ${what}`)
}

/** A valid id that does not exist. */
export const spoiled = (token: string): string =>
  `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`

/** SDK v2 adds its own progress step for each question; ours are the last ones. */
export const showsProgress = (steps: readonly number[]): boolean => steps.slice(-2).join() === '1,2'
