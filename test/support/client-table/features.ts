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

/** `yes`, or what happens instead. Both were seen by the run that made the table. */
export type Cells = Readonly<Record<Feature, string>>

export const YES = 'yes'
export const BY_LINK = 'by a link in the tool’s answer'

/** A claim that the run has to bear out. */
export function mustSee(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`not seen: ${what}`)
}

/** Of the right form, and nobody's. */
export const spoiled = (token: string): string =>
  `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`

/** SDK v2 adds a step of its own for each question that it puts to the user; ours are the last ones. */
export const showsProgress = (steps: readonly number[]): boolean => steps.slice(-2).join() === '1,2'
