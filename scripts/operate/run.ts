import { randomUUID } from 'node:crypto'
import { operateRoutes } from '#operate/api-schema.ts'
import { act } from './acts.ts'
import { type CommandLine, type CommandName, readCommandLine } from './command-line.ts'
import { exportLog } from './export.ts'
import type { Operator } from './operator.ts'
import { runAsOperator } from './run-as-operator.ts'
import { listSwitches, switchOff, switchOn } from './switches.ts'
import {
  clientsTable,
  cutoffsTable,
  eventsTable,
  meLines,
  revealedLines,
  sessionsTable,
  userLines,
  usersOfClientTable,
  usersTable,
} from './tables.ts'
import { shown, shownJson, type Terminal } from './terminal.ts'
import { findUser, type UserOfClient, usersOfClient } from './users.ts'

/** Runs one command and returns its exit code: 0 done, 1 refused or not complete. Throws a StartProblem for wrong use. */
export async function runOperate(args: readonly string[], given: Partial<Terminal> = {}): Promise<number> {
  const command = readCommandLine(args)
  return runAsOperator(command.options, given, async (operator, terminal) => {
    await RUN[command.name](command, operator, terminal)
    return 0
  })
}

type Run = (command: CommandLine, operator: Operator, terminal: Terminal) => Promise<void>

const RUN: Readonly<Record<CommandName, Run>> = {
  list,
  show,
  end: act,
  block: act,
  unblock: act,
  erase: act,
  cutoffs,
  'sessions list': listSessions,
  'sessions audited': act,
  events: listEvents,
  reveal,
  export: exportLog,
  'switch list': listSwitches,
  'switch off': switchOff,
  'switch on': switchOn,
  me,
  'sign-out': signOut,
}

/** Prints an answer of the server in the format that was asked for. */
function print<T>({ format }: CommandLine, terminal: Terminal, answer: T, inTable: (answer: T) => string) {
  terminal.print(format === 'json' ? shownJson(answer) : inTable(answer))
}

/** A list goes on behind its last row. */
function sayNext({ format }: CommandLine, { say }: Terminal, next: string | null) {
  if (next !== null && format === 'table') say(`There are more: --after ${shown(next)}`)
}

async function list(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { limit, options } = command
  const { user, client, after } = options
  if (client !== undefined) {
    const users: UserOfClient[] = []
    for await (const one of usersOfClient(operator, client)) users.push(one)
    print(command, terminal, users, usersOfClientTable)
  } else if (user === undefined) {
    const page = await operator.send(operateRoutes.users, { query: { limit, after } })
    print(command, terminal, page, ({ users }) => usersTable(users))
    sayNext(command, terminal, page.next)
  } else {
    const { id } = await findUser(operator, user)
    const clients = await operator.send(operateRoutes.clients, { query: { user: id } })
    print(command, terminal, clients, clientsTable)
  }
}

async function show(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { id } = await findUser(operator, command.options.user ?? '')
  const user = await operator.send(operateRoutes.user, { parameters: { id } })
  print(command, terminal, user, userLines)
}

async function cutoffs(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  print(command, terminal, await operator.send(operateRoutes.cutoffs), cutoffsTable)
}

async function listSessions(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { limit, options } = command
  const { user, client, after } = options
  const id = user === undefined ? undefined : (await findUser(operator, user)).id
  const isOpen = options.open === true ? true : undefined
  const isAudited = options.unaudited === true ? false : undefined
  const query = { user: id, client, isOpen, isAudited, limit, after }
  const page = await operator.send(operateRoutes.sessions, { query })
  print(command, terminal, page, ({ sessions }) => sessionsTable(sessions))
  sayNext(command, terminal, page.next)
}

async function listEvents(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { find, limit, options } = command
  const { user, after } = options
  const id = user === undefined ? undefined : (await findUser(operator, user)).id
  const query = { ...find.filter, user: id, limit, after }
  const page = await operator.send(operateRoutes.events, { query })
  print(command, terminal, page, ({ events }) => eventsTable(events, find.showTime))
  sayNext(command, terminal, page.next)
}

async function reveal(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const { argument: event, reason } = command
  const body = { act: randomUUID(), event, reason }
  print(command, terminal, await operator.send(operateRoutes.reveal, { body }), revealedLines)
}

async function me(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  print(command, terminal, await operator.send(operateRoutes.me), meLines)
}

async function signOut(
  _command: CommandLine,
  operator: Operator,
  { print: printLine }: Terminal,
): Promise<void> {
  printLine((await operator.signOut()) ? `Signed out of ${operator.origin}.` : 'You were not signed in.')
}
