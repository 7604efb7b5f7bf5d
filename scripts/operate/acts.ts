import { randomUUID } from 'node:crypto'
import { type ActProgress, type ActTarget, type Affected, operateRoutes } from '#operate/api-schema.ts'
import { userLabel } from '../audit/users.ts'
import type { CommandLine, CommandName } from './command-line.ts'
import type { Operator } from './operator.ts'
import { confirm, NotDone, shown, shownJson, type Terminal } from './terminal.ts'
import { findUser } from './users.ts'

/** An act that the operator has not confirmed yet. `word`: what they type to confirm it; null: nothing ends. */
interface PlannedAct {
  readonly target: ActTarget
  /** Whom it concerns, as it is printed. */
  readonly whom: string
  readonly confirmation: { readonly what: string; readonly word: string } | null
}

/** Says what an act affects, asks, and returns when every object has answered. */
export async function act(command: CommandLine, operator: Operator, terminal: Terminal): Promise<void> {
  const planned = await plan(command, operator)
  const { target, whom, confirmation } = planned
  const { affects, isWalk, isExact } = await operator.send(operateRoutes.preview, { body: target })
  terminal.say(
    `${sentences[target.operation](whom)} It affects ${isExact ? '' : 'at most '}${counts(affects)}.`,
  )
  if (isWalk)
    terminal.say('If it is interrupted, run the same command again: it continues where users are left.')
  if (confirmation !== null && command.options.yes !== true)
    await confirm(terminal, confirmation.what, confirmation.word)
  const done = await run(target, command.reason, operator, terminal)
  if (command.format === 'json') terminal.print(shownJson(done))
  else terminal.print(`Done: ${counts(done.affected)}. Every object has answered. Act ${done.act}`)
}

async function run(
  target: ActTarget,
  reason: string,
  operator: Operator,
  { say }: Terminal,
): Promise<ActProgress> {
  const body = { act: randomUUID(), target, reason }
  let affected: Affected = { users: 0, grants: 0 }
  try {
    let progress = await operator.send(operateRoutes.act, { body })
    while (progress.next !== null) {
      affected = progress.affected
      say(`${counts(affected)} so far …`)
      const request = { parameters: { act: body.act }, body: { next: progress.next } }
      progress = await operator.send(operateRoutes.continueAct, request)
    }
    return progress
  } catch (error) {
    if (!(error instanceof NotDone)) throw error
    throw new NotDone(
      `${error.message}\nNot complete: ${counts(affected)} so far. Run the same command again.`,
    )
  }
}

async function plan(command: CommandLine, operator: Operator): Promise<PlannedAct> {
  const { name, argument, options } = command
  const { client, grant } = options
  if (name === 'sessions audited')
    return { target: { operation: 'audit-session', session: argument }, whom: argument, confirmation: null }
  if (client !== undefined)
    return {
      target: targetOfClient(name, client),
      whom: shown(client),
      confirmation: { what: 'the client id', word: client },
    }
  const user = await findUser(operator, options.user ?? '')
  const { id, username, name: displayName } = user
  const label = userLabel(user)
  const whom = label === null ? `the user ${id}` : `${shown(label)} [${id}]`
  const names = [
    { what: 'the username', word: username },
    { what: "the user's name", word: displayName },
  ]
  // A name with hidden characters cannot be typed.
  const [typed] = names.flatMap(({ what, word }) =>
    word !== null && shown(word) === word ? [{ what, word }] : [],
  )
  const confirmation = typed ?? { what: "the user's id", word: id }
  const target: ActTarget =
    grant === undefined ? targetOfUser(name, id) : { operation: 'end-grant', user: id, grant }
  return { target, whom, confirmation }
}

function targetOfUser(name: CommandName, user: string): ActTarget {
  if (name === 'block') return { operation: 'block-user', user }
  if (name === 'unblock') return { operation: 'unblock-user', user }
  return { operation: name === 'erase' ? 'erase-user' : 'end-user', user }
}

function targetOfClient(name: CommandName, client: string): ActTarget {
  if (name === 'block') return { operation: 'block-client', client }
  return { operation: name === 'unblock' ? 'unblock-client' : 'end-client', client }
}

const sentences: Readonly<Record<ActTarget['operation'], (whom: string) => string>> = {
  'end-grant': (whom) => `This ends one grant of ${whom}.`,
  'end-user': (whom) => `This ends every grant of ${whom}, who can sign in again.`,
  'end-client': (whom) =>
    `This ends every grant of the client ${whom}, for all users. It can be allowed again.`,
  'block-user': (whom) => `This ends every grant of ${whom} and refuses new logins.`,
  'unblock-user': (whom) => `This lets ${whom} sign in again. Ended grants stay ended.`,
  'block-client': (whom) => `This ends every grant of the client ${whom} and refuses new logins with it.`,
  'unblock-client': (whom) => `This lets users allow the client ${whom} again. Ended grants stay ended.`,
  'erase-user': (whom) =>
    `This ends every grant of ${whom} and destroys their names and the key of their personal audit fields, for good.`,
  'audit-session': (whom) => `This marks the session ${whom} as audited.`,
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
export const counts = ({ users, grants }: Affected): string =>
  `${count(users, 'user')}, ${count(grants, 'grant')}`
