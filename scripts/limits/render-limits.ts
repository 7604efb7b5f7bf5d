import { table } from '#harness/table.ts'
import type { Limits } from './measure-limits.ts'
import type { StorageSize } from './stored.ts'

/** Renders the tables of docs/limits.md. */
export function renderLimits(limits: Limits): string {
  const { amounts, byGrants, refreshed, called, inSession, ended, session, calledSession, endedSession } =
    limits
  const [one, most] = [byGrants[0], byGrants.at(-1)]
  if (one === undefined || most === undefined) throw new Error('there is nobody with a grant')
  const row = (name: string, { fileBytes, rowBytes }: StorageSize) => [
    name,
    whole(fileBytes),
    whole(rowBytes),
  ]
  const each = (name: string, more: StorageSize, less: StorageSize, count: number) => [
    name,
    whole((more.fileBytes - less.fileBytes) / count),
    whole((more.rowBytes - less.rowBytes) / count),
  ]
  return [
    table(
      ['one object', 'file, bytes', 'in rows, bytes'],
      [
        ...byGrants.map((stored) =>
          row(`User, ${stored.grants} grant${stored.grants === 1 ? '' : 's'}`, stored),
        ),
        row(`User, 1 grant refreshed ${amounts.refreshes} times`, refreshed),
        row(`User, 1 grant, ${amounts.calls} calls`, called),
        row(`User, 1 grant, ${amounts.sessions} sessions`, inSession),
        row('User, 1 grant that has ended', ended),
        row('session, opened', session),
        row(`session, ${amounts.calls} calls`, calledSession),
        row('session of a grant that has ended', endedSession),
      ],
    ),
    table(
      ['each one more', 'file, bytes', 'in rows, bytes'],
      [
        each('grant', most, one, most.grants - one.grants),
        each('refresh', refreshed, one, amounts.refreshes),
        each('call, kept some minutes', called, one, amounts.calls),
        each('session, in the User', inSession, one, amounts.sessions),
      ],
    ),
  ].join('\n\n')
}

const whole = (bytes: number) => Math.round(bytes).toLocaleString('en')
