import { z } from 'zod'
import type { Row } from '../base/row.ts'

/** The fields of the library's record of a grant that a step-up reads or writes (its storage schema). */
const GrantRecord = z.looseObject({
  scope: z.array(z.string()).default([]),
  refreshTokenId: z.string().optional(),
})

const read = (record: string) => GrantRecord.parse(JSON.parse(record))

/** What a grant allows; null before its code is redeemed: nobody has a token of it. */
export function allowedBy(record: string): string[] | null {
  const { scope, refreshTokenId } = read(record)
  return refreshTokenId === undefined ? null : scope
}

/** The library narrows what a refresh asks for to this `scope`, and takes all of it where the client names none. */
export const widerRecord = (record: string, scopes: readonly string[]): string => {
  const { scope, ...rest } = read(record)
  return JSON.stringify({ ...rest, scope: [...new Set([...scope, ...scopes])] })
}

const withScope = (record: string, scope: readonly string[]): string =>
  JSON.stringify({ ...read(record), scope })

/**
 * What a token request writes that was under way while a step-up widened the grant. The two do not touch each other,
 * so both hold: the new pair is the request's, the scopes are the step-up's. null: something else changed as well.
 */
export function writesOnTop(
  { before, now, key }: { before: string; now: string; key: string },
  writes: [key: string, row: Row | null][],
): [key: string, row: Row | null][] | null {
  if (withScope(before, []) !== withScope(now, [])) return null
  const { scope } = read(now)
  return writes.map(([name, row]) =>
    name === key && row !== null ? [name, { ...row, value: withScope(row.value, scope) }] : [name, row],
  )
}
