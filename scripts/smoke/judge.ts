import { type Finding, ok, problem, type Remedy } from '../doctor/finding.ts'
import type { Answer, NoAnswer } from './ask.ts'

/** One check: what is looked at, and what to do when it fails. */
export interface Check extends Required<Remedy> {
  readonly check: string
}

/** Ok without a fault, else a problem that names all of them. */
export const judge = ({ check, ...remedy }: Check, faults: readonly string[], found: string): Finding =>
  faults.length === 0 ? ok(check, found) : problem(check, faults.join('; '), remedy)

/** The faults of an answer; an answer that is not there is the only fault. */
export const faultsOf = (
  answer: Answer | NoAnswer,
  faults: (answer: Answer) => readonly (string | null)[],
): readonly string[] =>
  'failed' in answer ? [answer.failed] : faults(answer).filter((fault) => fault !== null)

export const statusFault = ({ status }: Answer, expected: number): string | null =>
  status === expected ? null : `it answers ${status} instead of ${expected}`

/** Compares a header with its exact value; null: the header must be absent. */
export const headerFault = ({ headers }: Answer, name: string, expected: string | null): string | null => {
  const value = headers.get(name)
  if (value === expected) return null
  if (value === null) return `${name} is missing`
  return expected === null ? `${name} is there` : `${name} is not ${expected}`
}

export const typeFault = ({ headers }: Answer, type: string): string | null =>
  headers.get('content-type')?.split(';')[0]?.trim() === type ? null : `its type is not ${type}`

/** Undefined for a text that is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
