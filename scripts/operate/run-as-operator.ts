import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import { OperateApi } from './client.ts'
import { openBrowser } from './open-browser.ts'
import { Operator } from './operator.ts'
import { originOf } from './target.ts'
import { askAtTerminal, NotDone, type Terminal } from './terminal.ts'
import { TokenFile } from './token-file.ts'

/** A command was refused, or is not complete. */
export const NOT_DONE = 1

/** The terminal of this process. */
const ownTerminal: Terminal = {
  print: (line) => console.log(line),
  say: (line) => console.error(line),
  ask: process.stdin.isTTY ? askAtTerminal : null,
  openBrowser,
}

/** Where a command signs in, and how. */
export interface SignInOptions {
  readonly server?: string | undefined
  readonly state?: string | undefined
  readonly 'no-browser'?: boolean | undefined
}

/** Runs a command of an operator and returns its exit code; a NotDone is said, and its code is 1. */
export async function runAsOperator(
  options: SignInOptions,
  given: Partial<Terminal>,
  run: (operator: Operator, terminal: Terminal) => Promise<number>,
): Promise<number> {
  const base = { ...ownTerminal, ...given }
  const terminal = options['no-browser'] === true ? { ...base, openBrowser: null } : base
  const { state = DEFAULT_STATE, server } = options
  const origin = await originOf(server, state, process.env)
  const operator = new Operator({ api: new OperateApi(origin), file: new TokenFile(state, origin), terminal })
  try {
    return await run(operator, terminal)
  } catch (error) {
    if (!(error instanceof NotDone)) throw error
    terminal.say(error.message)
    return NOT_DONE
  }
}
