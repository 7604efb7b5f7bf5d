import { stripVTControlCharacters } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand, type RunningCommand } from '#harness/run-command.ts'
import type { Scratch } from './scratch.ts'
import type { UserAtBrowser } from './user-at-browser.ts'

export interface Output {
  /** The exit code; null when it was ended. */
  readonly code: number | null
  readonly text: string
  /** How many logins the client began meanwhile. */
  readonly logins: number
}

export interface ClientRun {
  readonly environment?: Readonly<Record<string, string>>
  /** Runs in a terminal of its own, which clients with a full screen need. */
  readonly terminal?: {
    /** Text to type once the pattern is on the screen, in this order. */
    readonly typed?: readonly { readonly after: RegExp; readonly keys: string }[]
    /** The screen that ends the run. */
    readonly until: RegExp
  }
  /** Takes authorization URLs from its output, for a client that opens no browser. */
  readonly isPrinted?: boolean
  /** Runs a file of the project with Node instead of an installed command. */
  readonly isOfNode?: boolean
  readonly deadlineMs?: number
}

/** Runs commands of one client while its user answers what it opens in the browser. */
export type RunClient = (bin: string, parameters: readonly string[], run?: ClientRun) => Promise<Output>

const PRINTED = /https?:\/\/\S+\/authorize\?\S+/g
const DEADLINE_MS = 40_000
const POLL_MS = 100

/** `onEnd` gets each command with what it printed. */
export const runnerFor =
  (
    scratch: Scratch,
    user: UserAtBrowser,
    onEnd: (command: string, output: Output) => void = () => {},
  ): RunClient =>
  async (bin, parameters, run = {}) => {
    const before = user.logins.length
    await using program = start(scratch, bin, parameters, run)
    const end = await untilEnd(program, scratch, user, run)
    const output = { ...end, logins: user.logins.length - before }
    onEnd([bin, ...parameters].join(' '), output)
    return output
  }

/** In the project folder, with nothing of the developer's environment. */
function start(
  scratch: Scratch,
  bin: string,
  parameters: readonly string[],
  { environment = {}, terminal, isOfNode = false }: ClientRun,
): RunningCommand {
  const program = isOfNode ? [process.execPath, bin] : [scratch.programOf(bin)]
  const words = [...program, ...parameters]
  return runCommand(
    '/bin/sh',
    ['-c', 'cd "$0" && exec "$@"', scratch.project, ...(terminal === undefined ? words : inTerminal(words))],
    {
      ...scratch.environment,
      ...environment,
      ...(terminal === undefined ? {} : { TERM: 'xterm-256color' }),
    },
    { isAtHome: false },
  )
}

/** Answers what the client opens and types what it waits for, until it ends, its screen says so, or it is late. */
async function untilEnd(
  program: RunningCommand,
  scratch: Scratch,
  user: UserAtBrowser,
  { terminal, isPrinted = false, deadlineMs = DEADLINE_MS }: ClientRun,
): Promise<Omit<Output, 'logins'>> {
  // Commands that read their input wait for its end; a terminal stays open.
  if (terminal === undefined) program.child.stdin.end()
  const typed = [...(terminal?.typed ?? [])]
  const textOf = () => stripVTControlCharacters(program.lines.join('\n'))
  const ended = program.exit.then((code) => ({ code }))
  const deadline = Date.now() + deadlineMs
  for (;;) {
    for (const address of scratch.opened()) if (/\/authorize\?/.test(address)) await user.answer(address)
    if (isPrinted) for (const [address] of textOf().matchAll(PRINTED)) await user.answer(address)
    const end = await Promise.race([ended, sleep(POLL_MS).then(() => undefined)])
    const text = textOf()
    if (end !== undefined) return { code: end.code, text }
    if (terminal?.until.test(text) === true) return { code: 0, text }
    if (typed[0]?.after.test(text) === true) program.child.stdin.write(typed.shift()?.keys ?? '')
    if (Date.now() > deadline) return { code: null, text: `${text}\nno end after ${deadlineMs / 1000} s` }
  }
}

/** `script` of util-linux gives a terminal of 200 columns. */
const inTerminal = (words: readonly string[]): readonly string[] => [
  'script',
  '-qefc',
  `stty cols 200 rows 50; ${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}`,
  '/dev/null',
]
