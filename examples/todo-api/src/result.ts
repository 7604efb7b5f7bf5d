import type { Denial } from './denial.ts'

/** An expected no is a value, so that every no is handled where it is seen. Bugs and outages are thrown. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly denial: Denial }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const no = (denial: Denial): Result<never> => ({ ok: false, denial })
