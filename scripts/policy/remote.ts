import { parseArgs } from 'node:util'
import { StartProblem } from '#harness/local/start-problem.ts'
import { Reason } from '#operate/api-schema.ts'
import { runAsOperator } from '../operate/run-as-operator.ts'
import type { Operator } from '../operate/operator.ts'
import type { Terminal } from '../operate/terminal.ts'
import { apply, confirmPending, drop, rollBack } from './change.ts'
import { drift, history } from './look.ts'
import type { PolicyCommand } from './commands.ts'

/** One command on the policy of a server, as it was read. */
export interface RemoteCommand {
  /** The file or the hash; empty: none was given. */
  readonly argument: string
  /** Empty for a command that changes nothing. */
  readonly reason: string
  readonly isConfirmed: boolean
  readonly isJson: boolean
}

interface RemoteForm {
  readonly usage: string
  readonly argument: 'file' | 'hash' | 'file?' | null
  readonly takesReason: boolean
  /** Returns the exit code. */
  readonly run: (command: RemoteCommand, operator: Operator, terminal: Terminal) => Promise<number>
}

const FORMS = {
  apply: {
    usage: 'apply <file> --reason <text> [--yes]',
    argument: 'file',
    takesReason: true,
    run: apply,
  },
  rollback: {
    usage: 'rollback <hash> --reason <text> [--yes]',
    argument: 'hash',
    takesReason: true,
    run: rollBack,
  },
  confirm: {
    usage: 'confirm <hash> --reason <text> [--yes]',
    argument: 'hash',
    takesReason: true,
    run: confirmPending,
  },
  drop: { usage: 'drop <hash> --reason <text>', argument: 'hash', takesReason: true, run: drop },
  history: { usage: 'history', argument: null, takesReason: false, run: history },
  drift: { usage: 'drift [<file>]', argument: 'file?', takesReason: false, run: drift },
} as const satisfies Record<string, RemoteForm>
type RemoteName = keyof typeof FORMS

/** A hash can begin with a dash. */
const isHash = (word: string): boolean => /^[\w-]{43}$/.test(word)

function readArguments(args: readonly string[], { usage }: RemoteForm) {
  try {
    const words = args.filter((word) => !(word.startsWith('-') && isHash(word)))
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        reason: { type: 'string' },
        yes: { type: 'boolean' },
        server: { type: 'string' },
        state: { type: 'string' },
        product: { type: 'string' },
        format: { type: 'string' },
        'no-browser': { type: 'boolean' },
      },
    })
    return { values, words: [...positionals, ...args.filter((word) => !words.includes(word))] }
  } catch (error) {
    throw new StartProblem(`${error instanceof Error ? error.message : 'unclear'}\n${formOf(usage)}`)
  }
}

const formOf = (usage: string): string =>
  `npm run policy -- ${usage} [--server <origin>] [--format table|json] [--no-browser]`

function readReason(given: string | undefined, { takesReason, usage }: RemoteForm): string {
  if (!takesReason) {
    if (given !== undefined) throw new StartProblem(`It takes no --reason.\n${formOf(usage)}`)
    return ''
  }
  if (given === undefined)
    throw new StartProblem(`--reason is missing: it is kept in the audit log.\n${formOf(usage)}`)
  const read = Reason.safeParse(given)
  if (!read.success) throw new StartProblem(`--reason: ${read.error.issues[0]?.message ?? 'unclear'}`)
  return read.data
}

/** Runs a command on the policy of a server: 0 done, 1 refused, not complete, or drift. Throws a StartProblem for wrong use. */
export async function runRemote(
  name: RemoteName,
  args: readonly string[],
  given: Partial<Terminal> = {},
): Promise<number> {
  const form: RemoteForm = FORMS[name]
  const { values, words } = readArguments(args, form)
  const [argument = '', ...others] = words
  const wanted = form.argument
  const isGiven = argument !== ''
  if (others.length > 0 || (wanted === null ? isGiven : wanted !== 'file?' && !isGiven))
    throw new StartProblem(formOf(form.usage))
  const { format = 'table' } = values
  if (format !== 'table' && format !== 'json') throw new StartProblem('--format is table or json.')
  const command = {
    argument,
    reason: readReason(values.reason, form),
    isConfirmed: values.yes === true,
    isJson: format === 'json',
  }
  return runAsOperator(values, given, (operator, terminal) => form.run(command, operator, terminal))
}

const commandOf = (name: RemoteName): PolicyCommand => ({
  usage: FORMS[name].usage,
  run: (args, print) => runRemote(name, args, { print }),
})

/** The commands that need an operator's sign-in. */
export const remoteCommands: Readonly<Record<RemoteName, PolicyCommand>> = {
  apply: commandOf('apply'),
  rollback: commandOf('rollback'),
  confirm: commandOf('confirm'),
  drop: commandOf('drop'),
  history: commandOf('history'),
  drift: commandOf('drift'),
}
