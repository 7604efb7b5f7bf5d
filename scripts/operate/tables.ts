import type { ListedSession } from '#audit/filter.ts'
import type { FoundEvent } from '#audit/read-questions.ts'
import { table } from '#harness/table.ts'
import type { Clients, Cutoffs, DirectoryUser, Me, Revealed, ShownUser } from '#operate/api-schema.ts'
import type { Switches } from '#operate/policy-schema.ts'
import { formatOf } from '../audit/find-formats.ts'
import type { ShowTime } from '../audit/times.ts'
import { userLabel } from '../audit/users.ts'
import { shown, shownJson } from './terminal.ts'
import type { UserOfClient } from './users.ts'

/** What the command prints with --format table. Every text of others is escaped. */

type Cell = string | number | null | undefined

const NONE = '-'
const cell = (value: Cell): string => {
  if (value === null || value === undefined || value === '') return NONE
  return shown(String(value)).replaceAll('|', '\\u007c')
}
const rows = (head: readonly string[], lines: readonly (readonly Cell[])[]): string =>
  lines.length === 0
    ? 'none'
    : table(
        head,
        lines.map((line) => line.map(cell)),
      )

/** UTC, without milliseconds. */
const time = (at: string | null): string | null => at?.replace(/\.\d{3}Z$/, 'Z') ?? null

export const usersTable = (users: readonly DirectoryUser[]): string =>
  rows(
    ['user', 'name', 'first seen', 'last seen'],
    users.map((user) => [user.id, userLabel(user), time(user.firstSeenAt), time(user.lastSeenAt)]),
  )

export const usersOfClientTable = (users: readonly UserOfClient[]): string =>
  rows(
    ['user', 'name', 'live grants', 'ended', 'last used'],
    users.map((user) => [user.id, userLabel(user), user.live, user.ended, time(user.lastUsedAt)]),
  )

export const clientsTable = ({ clients }: Clients): string =>
  rows(
    ['client', 'verified domain', 'calls itself', 'live grants', 'ended', 'open sessions', 'last used'],
    clients.map(({ id, domain, givenName, live, ended, sessions, lastUsedAt }) => [
      id,
      domain,
      givenName,
      live,
      ended,
      sessions,
      time(lastUsedAt),
    ]),
  )

export function userLines(user: ShownUser): string {
  const { id, isBlocked, grants, firstSeenAt, lastSeenAt } = user
  const head = [
    `user        ${cell(id)}`,
    `name        ${cell(userLabel(user))}`,
    `first seen  ${cell(time(firstSeenAt))}`,
    `last seen   ${cell(time(lastSeenAt))}`,
    `blocked     ${isBlocked ? 'yes' : 'no'}`,
  ]
  const list = rows(
    ['grant', 'client', 'opened', 'used', 'scopes', 'open sessions', 'ended'],
    grants.map((grant) => [
      grant.id,
      grant.client.id,
      time(grant.openedAt),
      time(grant.usedAt),
      grant.scopes.join(' '),
      grant.sessions,
      grant.ended === null ? null : `${time(grant.ended.at)} ${grant.ended.reason}`,
    ]),
  )
  return [...head, '', list].join('\n')
}

export const cutoffsTable = ({ cutoffs }: Cutoffs): string =>
  rows(
    ['client', 'blocked', 'grants before it are over', 'act'],
    cutoffs.map(({ client, isBlocked, endedBefore, act }) => [
      client,
      isBlocked ? 'yes' : 'no',
      time(endedBefore),
      act,
    ]),
  )

export const switchesTable = ({ switches }: Switches): string =>
  rows(
    ['switch', 'off', 'which', 'since', 'until', 'what users are told'],
    switches.map(({ id, target, since, until, says }) => [
      id,
      target.kind,
      target.kind === 'everything' ? null : target.value,
      time(since),
      time(until),
      says,
    ]),
  )

export const sessionsTable = (sessions: readonly ListedSession[]): string =>
  rows(
    ['session', 'user', 'client', 'opened', 'last seen', 'closed', 'calls', 'not done', 'audited'],
    sessions.map(({ id, user, client, openedAt, seenAt, closedAt, closedReason, calls, auditedAt }) => [
      id,
      user,
      client,
      time(openedAt),
      time(seenAt),
      closedAt === null ? null : `${time(closedAt)} ${closedReason ?? ''}`.trim(),
      calls.done + calls.refused + calls.failed + calls.unknown + calls.denied,
      calls.refused + calls.failed + calls.unknown + calls.denied,
      time(auditedAt),
    ]),
  )

/** As `npm run audit -- find` prints them. */
export function eventsTable(events: readonly FoundEvent[], showTime: ShowTime): string {
  const format = formatOf('table', showTime)
  return events.length === 0 ? 'none' : [format.head, ...events.map((one) => format.line(one))].join('\n')
}

export const revealedLines = ({ what, event, fields }: Revealed): string =>
  [
    `${what} of ${cell(event)}`,
    ...Object.entries(fields).map(([name, value]) => `${cell(name)}  ${shownJson(value)}`),
  ].join('\n')

export const meLines = (me: Me): string =>
  [
    `user          ${cell(me.id)}`,
    `name          ${cell(userLabel(me))}`,
    `roles         ${me.roles.join(', ')}`,
    `signed in     ${cell(time(me.authenticatedAt))}`,
    `sign-in ends  ${cell(time(me.endsAt))}`,
  ].join('\n')
