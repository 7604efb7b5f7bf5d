import { parseArgs } from 'node:util'
import { z } from 'zod'
import { ActTarget, MOST_PAGE, Reason } from '#operate/api-schema.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { type FindRequest, joinDashedValues, readFindRequest } from '../audit/find-options.ts'

const USAGE = `Accepted forms:
  npm run operate -- list [--user <user> | --client <client id>]
  npm run operate -- show --user <user>
  npm run operate -- end --user <user> [--grant <id>] --reason <text>
  npm run operate -- end --client <client id> --reason <text>
  npm run operate -- block | unblock --user <user> | --client <client id> --reason <text>
  npm run operate -- erase --user <user> --reason <text>
  npm run operate -- cutoffs
  npm run operate -- sessions list [--user …] [--client …] [--open] [--unaudited]
  npm run operate -- sessions audited <session> --note <text>
  npm run operate -- events [--user …] [--client …] [--tool …] [--type …] [--outcome …] [--session …] [--transaction …]
    [--from <time>] [--to <time>] [--tz <zone>]
  npm run operate -- switch off --user … | --client … | --domain … | --tool … | --app … | --everything
    --says <text> [--for <30m, 2h, 1d> | --until <time>] --reason <text>
  npm run operate -- switch on <switch> --reason <text>
  npm run operate -- switch list
  npm run operate -- reveal <event> --reason <text>
  npm run operate -- export --out <file> --reason <text>
  npm run operate -- me | sign-out
<user> is a username, a whole display name or an id. All take --server <origin>, --format table|json and --no-browser; lists
take --limit and --after; end, block, unblock, erase and switch off ask before they act,
or take --yes.`

type Options = ReturnType<typeof readArguments>['values']
type OptionName = keyof Options

const COMMON: readonly OptionName[] = ['server', 'state', 'product', 'format', 'no-browser']
const PAGE: readonly OptionName[] = ['limit', 'after']
const ACT: readonly OptionName[] = ['reason', 'yes']

/** What can be switched off: exactly one of them. */
export const SWITCH_TARGETS = ['user', 'client', 'domain', 'tool', 'app', 'everything'] as const

interface CommandForm {
  readonly options: readonly OptionName[]
  /** What its one argument is. */
  readonly argument?: string
}

const COMMANDS = {
  list: { options: ['user', 'client', ...PAGE] },
  show: { options: ['user'] },
  end: { options: ['user', 'grant', 'client', ...ACT] },
  block: { options: ['user', 'client', ...ACT] },
  unblock: { options: ['user', 'client', ...ACT] },
  erase: { options: ['user', ...ACT] },
  cutoffs: { options: [] },
  'sessions list': { options: ['user', 'client', 'open', 'unaudited', ...PAGE] },
  'sessions audited': { options: ['note'], argument: 'session' },
  events: {
    options: [
      'user',
      'client',
      'tool',
      'type',
      'outcome',
      'session',
      'transaction',
      'from',
      'to',
      'tz',
      ...PAGE,
    ],
  },
  'switch off': { options: [...SWITCH_TARGETS, 'says', 'for', 'until', ...ACT] },
  'switch on': { options: ['reason'], argument: 'switch' },
  'switch list': { options: [] },
  reveal: { options: ['reason'], argument: 'event' },
  export: { options: ['out', 'reason'] },
  me: { options: [] },
  'sign-out': { options: [] },
} as const satisfies Record<string, CommandForm>
export type CommandName = keyof typeof COMMANDS

const LIMIT = 100
const Limit = z.coerce.number().int().min(1).max(MOST_PAGE)
const Format = z.enum(['table', 'json'])

/** A command that was read: its options fit it. */
export interface CommandLine {
  readonly name: CommandName
  /** The session or the event that the command is about. */
  readonly argument: string
  readonly options: Options
  /** Empty for a command that is not on record. */
  readonly reason: string
  readonly limit: number
  /** What `events` looks for, but the user. */
  readonly find: FindRequest
  readonly format: z.infer<typeof Format>
}

export const wrong = (sentence: string) => new StartProblem(`${sentence}\n${USAGE}`)

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: joinDashedValues(args),
      allowPositionals: true,
      options: {
        user: { type: 'string' },
        client: { type: 'string' },
        grant: { type: 'string' },
        tool: { type: 'string' },
        type: { type: 'string' },
        outcome: { type: 'string' },
        session: { type: 'string' },
        transaction: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        until: { type: 'string' },
        tz: { type: 'string' },
        open: { type: 'boolean' },
        unaudited: { type: 'boolean' },
        limit: { type: 'string' },
        after: { type: 'string' },
        reason: { type: 'string' },
        note: { type: 'string' },
        out: { type: 'string' },
        domain: { type: 'string' },
        app: { type: 'string' },
        everything: { type: 'boolean' },
        says: { type: 'string' },
        for: { type: 'string' },
        yes: { type: 'boolean' },
        server: { type: 'string' },
        state: { type: 'string' },
        product: { type: 'string' },
        format: { type: 'string' },
        'no-browser': { type: 'boolean' },
      },
    })
  } catch (error) {
    throw wrong(`${error instanceof Error ? error.message.split('. ')[0] : 'unclear'}.`)
  }
}

/** Throws a StartProblem for wrong use, before anything is sent. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values: options, positionals } = readArguments(args)
  const { name, argument } = readName(positionals)
  const taken: readonly string[] = [...COMMANDS[name].options, ...COMMON]
  const unknown = Object.keys(options).find((option) => !taken.includes(option))
  if (unknown !== undefined) throw wrong(`${name} does not take --${unknown}.`)
  const { user, client, grant } = options
  if (isAboutOne(name) && (user === undefined) === (client === undefined))
    throw wrong(`${name} takes one of --user and --client.`)
  if (name === 'list' && user !== undefined && client !== undefined)
    throw wrong('list takes --user or --client, not both.')
  if ((name === 'show' || name === 'erase') && user === undefined) throw wrong(`${name} takes --user.`)
  if (name === 'switch off' && SWITCH_TARGETS.filter((target) => options[target] !== undefined).length !== 1)
    throw wrong(`switch off takes one of ${SWITCH_TARGETS.map((target) => `--${target}`).join(', ')}.`)
  if (grant !== undefined && user === undefined) throw wrong('--grant needs the --user whose grant it is.')
  if (name === 'export' && (options.out ?? '') === '') throw wrong('--out <file> names the file to write.')
  return {
    name,
    argument,
    options,
    reason: readReason(name, options),
    limit: options.limit === undefined ? LIMIT : readLimit(options.limit),
    find: readFindRequest({ ...options, user: undefined, format: undefined, limit: undefined }, Date.now()),
    format: readFormat(options.format),
  }
}

const isAboutOne = (name: CommandName) => name === 'end' || name === 'block' || name === 'unblock'

function readName(positionals: readonly string[]): { name: CommandName; argument: string } {
  const words = positionals[0] === 'sessions' || positionals[0] === 'switch' ? 2 : 1
  const given = positionals.slice(0, words).join(' ')
  const name = commandNames.find((known) => known === given)
  if (name === undefined) throw wrong(`One command: ${commandNames.join(', ')}.`)
  const [argument = '', ...others] = positionals.slice(words)
  const command: CommandForm = COMMANDS[name]
  if (command.argument === undefined && argument !== '') throw wrong(`${name} takes no argument.`)
  if (command.argument !== undefined && (argument === '' || others.length > 0))
    throw wrong(`${name} takes one ${command.argument}.`)
  checkArgument(name, argument)
  return { name, argument }
}

const isCommandName = (text: string): text is CommandName => Object.hasOwn(COMMANDS, text)
const commandNames = Object.keys(COMMANDS).filter((name) => isCommandName(name))

function checkArgument(name: CommandName, argument: string): void {
  if (name === 'reveal' && !z.uuidv7().safeParse(argument).success)
    throw wrong('reveal takes the id of an event, as npm run operate -- events prints it.')
  if (name === 'switch on' && !z.uuid().safeParse(argument).success)
    throw wrong('switch on takes the id of a switch, as npm run operate -- switch list prints it.')
  if (
    name === 'sessions audited' &&
    !ActTarget.safeParse({ operation: 'audit-session', session: argument }).success
  )
    throw wrong('sessions audited takes a session as sessions list prints it.')
}

/** The commands that are on record with a reason. */
function readReason(name: CommandName, options: Options): string {
  const taken: readonly OptionName[] = COMMANDS[name].options
  const option = (['reason', 'note'] as const).find((one) => taken.includes(one))
  if (option === undefined) return ''
  const given = options[option]
  if (given === undefined) throw wrong(`${name} needs --${option}: it is kept in the audit log.`)
  const read = Reason.safeParse(given)
  if (!read.success) throw wrong(`--${option}: ${read.error.issues[0]?.message ?? 'unclear'}`)
  return read.data
}

function readLimit(given: string): number {
  const read = Limit.safeParse(given)
  if (!read.success) throw wrong(`--limit takes a number from 1 to ${MOST_PAGE}.`)
  return read.data
}

function readFormat(given: string = 'table'): z.infer<typeof Format> {
  const read = Format.safeParse(given)
  if (!read.success) throw wrong('--format is table or json.')
  return read.data
}
