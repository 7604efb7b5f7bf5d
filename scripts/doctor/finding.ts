/** One result of the doctor: ok, information, or a problem. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'problem'
  readonly text: string
}

export const ok = (text: string): Finding => ({ level: 'ok', text })
export const note = (text: string): Finding => ({ level: 'note', text })
export const problem = (text: string): Finding => ({ level: 'problem', text })

/** One check with both outcomes. */
export const expectThat = (isSo: boolean, good: string, bad: string): Finding =>
  isSo ? ok(good) : problem(bad)

export const lineOf = ({ level, text }: Finding): string => `${level.padEnd(8)} ${text}`
