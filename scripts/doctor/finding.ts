/** One result of a check, of the doctor or of the smoke test. With a `note` the server works; with a `problem` it does not. */
export interface Finding extends Remedy {
  readonly level: 'ok' | 'note' | 'problem'
  /** The setting, address or fact that was looked at. */
  readonly check: string
  /** What was seen there. It contains no secret, and no text of PingOne or the API. */
  readonly found: string
}

export interface Remedy {
  /** What the operator does about it. */
  readonly fix?: string
  /** The page of docs/ that explains it, with its anchor. */
  readonly page?: string
}

export const ok = (check: string, found: string): Finding => ({ level: 'ok', check, found })

export const note = (check: string, found: string, remedy: Remedy = {}): Finding => ({
  level: 'note',
  check,
  found,
  ...remedy,
})

export const problem = (check: string, found: string, remedy: Required<Remedy>): Finding => ({
  level: 'problem',
  check,
  found,
  ...remedy,
})

/** For a fact that PingOne does not document, or that only third parties saw. */
export const UNSURE = ' (unsure: PingOne does not document it)'

/** `level check: found; fix → page`. */
export const lineOf = ({ level, check, found, fix, page }: Finding): string =>
  `${level.padEnd(8)} ${check}: ${found}` +
  (fix === undefined ? '' : `; ${fix}`) +
  (page === undefined ? '' : ` → ${page}`)

/** Prints one line for each finding, or all of them as JSON. Returns the exit code. */
export function reportFindings(
  findings: readonly Finding[],
  { json, print }: { json: boolean; print: (line: string) => void },
): 0 | 1 {
  if (json) print(JSON.stringify(findings, null, 2))
  else for (const finding of findings) print(lineOf(finding))
  return findings.some(({ level }) => level === 'problem') ? 1 : 0
}
