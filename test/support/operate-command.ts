import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Browser, describePage } from '#harness/browser.ts'
import { ROOT } from '#harness/local/workers.ts'
import { runCommand, type RunningCommand } from '#harness/run-command.ts'
import { continueSignIn } from '#harness/sign-in.ts'
import type { User } from '#harness/users.ts'

export interface OperateResult {
  readonly code: number | null
  /** Everything that it printed, line by line. */
  readonly text: string
  /** The answer of the server, with `--format json`. */
  readonly json: unknown
}

/** One operator at a terminal, with a browser. Their sign-in is kept in a state folder of their own. */
export class OperatorAtTerminal implements Disposable {
  readonly #origin: string
  readonly #user: User
  readonly #state = mkdtempSync(join(tmpdir(), 'mcp-operator-'))
  readonly browser = new Browser()
  /** How often the browser was sent to sign in. */
  signIns = 0

  constructor(origin: string, user: User) {
    this.#origin = origin
    this.#user = user
  }

  [Symbol.dispose](): void {
    rmSync(this.#state, { recursive: true, force: true })
  }

  get state(): string {
    return this.#state
  }

  /** Runs one command to its end, and signs in each time it asks for it. */
  run(...words: readonly string[]): Promise<OperateResult> {
    return this.#finish(this.start(...words))
  }

  /** One command of `npm run policy`, with the same sign-in. */
  policy(...words: readonly string[]): Promise<OperateResult> {
    return this.#finish(this.#start('scripts/policy.ts', words))
  }

  async #finish(running: RunningCommand): Promise<OperateResult> {
    await using command = running
    const ended = command.exit
    for (let nth = 1; await isAsked(command, nth); nth += 1) await this.signIn(command, nth)
    const code = await ended
    const json = command.lines.find((line) => /^[[{]/.test(line))
    return { code, text: command.lines.join('\n'), json: json === undefined ? undefined : JSON.parse(json) }
  }

  start(...words: readonly string[]): RunningCommand {
    return this.#start('scripts/operate.ts', words)
  }

  #start(script: string, words: readonly string[]): RunningCommand {
    const place = ['--server', this.#origin, '--state', this.#state, '--no-browser']
    return runCommand(process.execPath, [join(ROOT, script), ...words, ...place])
  }

  /** Answers the nth request to sign in: opens the printed address, clicks, signs in and returns to the command. */
  async signIn(command: RunningCommand, nth = 1): Promise<void> {
    const address = new URL((await command.line(ADDRESS, nth)).replace('Sign in at ', ''))
    this.signIns += 1
    const redirectUri = address.searchParams.get('redirect_uri') ?? ''
    const { browser } = this
    const { stage, page } = await continueSignIn(browser, await browser.open(address), redirectUri, {
      user: this.#user,
    })
    if (stage !== 'client') throw new Error(`no operator: ${describePage(page)}`)
    await browser.onward(page)
  }
}

const ADDRESS = /^Sign in at http/

/** Whether it asks for the nth sign-in; false: it has ended. */
async function isAsked(command: RunningCommand, nth: number): Promise<boolean> {
  const asked = command.line(ADDRESS, nth).then(
    () => true,
    () => false,
  )
  return asked
}
