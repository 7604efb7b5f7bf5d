import { Browser, describePage, type Page } from './browser.ts'
import type { User } from './users.ts'
import { type Form, readPage } from './read-page.ts'
import { continueSignIn } from './sign-in.ts'

/** A user at `/me` in one browser. */
export class OwnPage {
  readonly #origin: string
  readonly browser: Browser
  page!: Page
  /** The PingOne address of the last sign-in. */
  leaving: URL | undefined

  constructor(origin: string, browser: Browser) {
    this.#origin = origin
    this.browser = browser
  }

  /** Signs in and shows the list. */
  static async signIn(origin: string, user: User, browser = new Browser()): Promise<OwnPage> {
    const me = new OwnPage(origin, browser)
    const page = await me.signInAs(user)
    if (page.status !== 200) throw new Error(`not signed in: ${describePage(page)}`)
    return me
  }

  async open(): Promise<Page> {
    this.page = await this.browser.open(`${this.#origin}/me`)
    return this.page
  }

  /** Signs in with the button, up to the final page. */
  async signInAs(user: User): Promise<Page> {
    this.page = await this.browser.onward(await this.returning(user))
    if (this.page.next !== undefined) this.page = await this.browser.onward(this.page)
    return this.page
  }

  /** Stops at PingOne's page that leads back to `/signed-in`. */
  async returning(user: User): Promise<Page> {
    // Sends the form alone: a signed-in page does not offer it, but an older tab does.
    const action = new URL('/me/sign-in', this.#origin)
    const form: Form = { action, method: 'post', fields: [], buttons: [] }
    const leaving = await this.browser.submit(await this.open(), form)
    this.leaving = leaving.next
    const { page, redirect } = await continueSignIn(this.browser, leaving, `${this.#origin}/signed-in`, {
      user,
    })
    if (redirect === undefined) throw new Error(`PingOne leads elsewhere: ${describePage(page)}`)
    return page
  }

  form(path: string, isMeant: (form: Form) => boolean = () => true): Form {
    const form = this.page.forms.find(({ action }) => action.pathname === path)
    const found = this.page.forms.find((one) => one.action.pathname === path && isMeant(one)) ?? form
    if (found === undefined) throw new Error(`no form for ${path}: ${describePage(this.page)}`)
    return found
  }

  async press(path: string): Promise<Page> {
    return this.browser.submit(this.page, this.form(path))
  }

  /** Ends one grant, or `all`, with the button, and follows the redirect. */
  async end(grant: string): Promise<Page> {
    const ended = await this.tryToEnd(grant)
    this.page = ended.next === undefined ? ended : await this.browser.onward(ended)
    return this.page
  }

  /** The same with any value, for a form that the page does not have. */
  async tryToEnd(grant: string, fill: Readonly<Record<string, string>> = {}): Promise<Page> {
    const form = this.#endForm()
    const button = { name: 'grant', value: grant }
    return this.browser.submit(
      this.page,
      { ...form, buttons: [button] },
      { press: { name: 'grant', value: grant }, fill },
    )
  }

  /** The page's text for one live grant. */
  grant(id: string): string {
    const [, rest = ''] = this.page.markup.split(`id="grant-${id}"`)
    return readPage(`<li ${rest.split('</form>')[0] ?? ''}`, this.page.url).text
  }

  /** Without a live grant, uses the sign-out form, which has the same secret. */
  #endForm(): Form {
    const ends = this.page.forms.find(({ action }) => action.pathname === '/me/end')
    const out = this.form(ends === undefined ? '/me/sign-out' : '/me/end')
    return { ...out, action: new URL('/me/end', out.action) }
  }
}
