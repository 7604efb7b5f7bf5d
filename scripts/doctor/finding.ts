/** One result of the doctor. With a `warning` the server works; with a `problem` it does not. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'warning' | 'problem'
  readonly text: string
}

export const ok = (text: string): Finding => ({ level: 'ok', text })
export const note = (text: string): Finding => ({ level: 'note', text })
export const warning = (text: string): Finding => ({ level: 'warning', text })
export const problem = (text: string): Finding => ({ level: 'problem', text })

/** One check with both outcomes. */
export const expectThat = (isSo: boolean, good: string, bad: string): Finding =>
  isSo ? ok(good) : problem(bad)

export const lineOf = ({ level, text }: Finding): string => `${level.padEnd(8)} ${text}`
