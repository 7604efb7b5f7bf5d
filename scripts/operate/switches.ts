import { randomUUID } from 'node:crypto'
import { policyRoutes, SwitchRequest } from '#operate/policy-schema.ts'
import type { SwitchTarget } from '#policy/switches.ts'
import { type CommandLine, wrong } from './command-line.ts'
import type { Operator } from './operator.ts'
import { switchesTable } from './tables.ts'
import { confirm, NotDone, shown, shownJson, type Terminal } from './terminal.ts'
import { findUser } from './users.ts'

const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Switches something off for everyone, or a user or a client off for everything. */
export async function switchOff(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { options, reason, format } = command
  const request = readRequest(command, Date.now())
  const target = await targetOf(command, operator)
  terminal.say(`${closes(target)} ${untilText(request.until)}`)
  if (target.kind === 'everything') terminal.say(STAYS_OPEN)
  if (options.yes !== true) {
    const [what, word] =
      target.kind === 'everything' ? ['the word', 'everything'] : [`the ${target.kind}`, target.value]
    await confirm(terminal, what, word)
  }
  const body = { act: randomUUID(), target, reason, ...request }
  const change = await operator.send(policyRoutes.switchOff, { body })
  if (change.outcome === 'not-everywhere') throw new NotDone(`${NOT_EVERYWHERE} Switch ${change.act}`)
  terminal.print(
    format === 'json'
      ? shownJson(change)
      : `Off: every copy has it, and isolates follow within seconds. Switch ${change.act}`,
  )
}

export async function switchOn(
  { argument: id, reason, format }: CommandLine,
  operator: Operator,
  { print }: Terminal,
): Promise<void> {
  const body = { act: randomUUID(), reason }
  const change = await operator.send(policyRoutes.switchOn, { parameters: { id }, body })
  if (change.outcome === 'not-everywhere') throw new NotDone(NOT_EVERYWHERE)
  print(format === 'json' ? shownJson(change) : `On again: every copy has it. Act ${change.act}`)
}

export async function listSwitches(
  { format }: CommandLine,
  operator: Operator,
  { print }: Terminal,
): Promise<void> {
  const found = await operator.send(policyRoutes.switches)
  print(format === 'json' ? shownJson(found) : switchesTable(found))
}

export const NOT_EVERYWHERE =
  'It is stored, but not every copy has answered. The server brings it to the others until they have it; do not repeat it.'

const STAYS_OPEN =
  'Users can still end access at /me, clients can revoke their tokens, and operators can sign in and use this command.'

/** Throws a StartProblem for wrong use. */
function readRequest({ options }: CommandLine, nowMs: number): Pick<SwitchRequest, 'says' | 'until'> {
  const { says, until: atTime, for: given } = options
  if (says === undefined) throw wrong('switch off needs --says: the sentence that users are shown.')
  if (atTime !== undefined && given !== undefined) throw wrong('switch off takes --for or --until, not both.')
  if (!SwitchRequest.shape.says.safeParse(says).success)
    throw wrong('--says is one line of visible text, at most 300 characters.')
  const untilMs = given === undefined ? readTime(atTime) : nowMs + readDuration(given)
  return { says, until: untilMs === null ? null : new Date(untilMs).toISOString() }
}

function readDuration(given: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(given) ?? []
  if ((unit !== 'm' && unit !== 'h' && unit !== 'd') || Number(count) === 0)
    throw wrong('--for takes minutes, hours or days: 30m, 2h, 1d.')
  return Number(count) * MS[unit]
}

/** With a zone, since a switch that ends an hour early is an incident. */
function readTime(given: string | undefined): number | null {
  if (given === undefined) return null
  const ms = /T.*(?:Z|[+-]\d\d:\d\d)$/.test(given) ? Date.parse(given) : Number.NaN
  if (Number.isNaN(ms)) throw wrong('--until takes a time with a zone: 2026-11-29T18:00:00Z.')
  return ms
}

async function targetOf({ options }: CommandLine, operator: Operator): Promise<SwitchTarget> {
  const { user, client, domain, tool, app } = options
  if (user !== undefined) return { kind: 'user', value: (await findUser(operator, user)).id }
  if (client !== undefined) return { kind: 'client', value: client }
  if (domain !== undefined) return { kind: 'domain', value: domain }
  if (tool !== undefined) return { kind: 'tool', value: tool }
  return app === undefined ? { kind: 'everything' } : { kind: 'app', value: app }
}

function closes(target: SwitchTarget): string {
  switch (target.kind) {
    case 'user':
      return `The user ${shown(target.value)} can use nothing; their grants stay.`
    case 'client':
      return `The client ${shown(target.value)} can use nothing, for all users; grants stay.`
    case 'domain':
      return `No client of the domain ${shown(target.value)} can use anything; grants stay.`
    case 'tool':
      return `Nobody can use the tool ${shown(target.value)}.`
    case 'app':
      return `Nobody can use anything of the app ${shown(target.value)}.`
    case 'everything':
      return 'This closes /mcp for everyone: every request, refresh and open stream of every client.'
    default:
      return target satisfies never
  }
}

const untilText = (until: string | null): string =>
  until === null ? 'Until an operator switches it on again.' : `Until ${until}.`
