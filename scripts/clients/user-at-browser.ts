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
  readonly #requests = new Set<string>()

  constructor(user: User) {
    this.#user = user
  }

  /** Ignores an address whose request was answered before, such as one that is both printed and opened. */
  async answer(address: string): Promise<void> {
    const query = new URL(address).searchParams
    // A challenge is made for one request; some clients use a state again.
    const request = query.get('code_challenge') ?? address
    if (this.#requests.has(request)) return
    this.#requests.add(request)
    const { scopes } = this
    const end = await signIn(this.#browser, address, {
      user: this.#user,
      ...(scopes === undefined ? {} : { scopes }),
    })
    const stuckAt = end.stage === 'client' ? await this.#deliver(end.page) : describePage(end.page)
    this.logins.push({ asked: query.get('scope') ?? '', stuckAt })
  }

  /** The link in a tool's answer that asks for more scopes. */
  async allowMore(link: string): Promise<void> {
    await answerStepUp(link, this.#user, { browser: this.#browser })
  }

  /** Some clients open the browser before they listen for its answer, and some never do. */
  async #deliver(page: Page): Promise<string | undefined> {
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      try {
        await this.#browser.onward(page)
        return undefined
      } catch {
        await sleep(250)
      }
    }
    return 'its own address: it did not listen there'
  }
}
