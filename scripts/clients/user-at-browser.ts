import { setTimeout as sleep } from 'node:timers/promises'
import { Browser, describePage, type Page } from '#harness/browser.ts'
import { signIn } from '#harness/sign-in.ts'
import { answerStepUp } from '#harness/step-up.ts'
import type { User } from '#harness/users.ts'

/** One authorization request that a client opened, and how it ended. */
export interface Login {
  readonly asked: string
  /** Undefined when the login returned to the client; otherwise the page where it ended. */
  readonly stuckAt: string | undefined
}

/** The user of one client: signs in at each new address, in one browser with one session at PingOne. */
export class UserAtBrowser {
  readonly logins: Login[] = []
  /** The scopes that the user leaves ticked; all when undefined. */
  scopes: readonly string[] | undefined
  readonly #browser = new Browser()
  readonly #user: User
  readonly #states = new Set<string>()

  constructor(user: User) {
    this.#user = user
  }

  /** Ignores an address whose request was answered before, such as one that is both printed and opened. */
  async answer(address: string): Promise<void> {
    const query = new URL(address).searchParams
    const state = query.get('state') ?? address
    if (this.#states.has(state)) return
    this.#states.add(state)
    const { scopes } = this
    const end = await signIn(this.#browser, address, {
      user: this.#user,
      ...(scopes === undefined ? {} : { scopes }),
    })
    if (end.stage === 'client') await this.#deliver(end.page)
    const stuckAt = end.stage === 'client' ? undefined : describePage(end.page)
    this.logins.push({ asked: query.get('scope') ?? '', stuckAt })
  }

  /** The link in a tool's answer that asks for more scopes. */
  async allowMore(link: string): Promise<void> {
    await answerStepUp(link, this.#user, { browser: this.#browser })
  }

  /** Some clients open the browser before they listen for its answer. */
  async #deliver(page: Page): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#browser.onward(page)
        return
      } catch (error) {
        if (attempt === 20) throw error
        await sleep(250)
      }
    }
  }
}
