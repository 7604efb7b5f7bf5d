import { CookieJar } from './cookie-jar.ts'
import { type Form, type PageContent, readPage } from './read-page.ts'
import { type OnStep, watchedFetch } from './steps.ts'

/** One page or answer in the browser. */
export interface Page extends PageContent {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly markup: string
  /** Where the browser goes next by itself, by redirect or refresh. */
  readonly next: URL | undefined
}

interface FormInput {
  readonly fill?: Readonly<Record<string, string>>
  /** Per checkbox name, the values that stay ticked; a missing name stays unchanged. */
  readonly tick?: Readonly<Record<string, readonly string[]>>
  readonly press?: { readonly name: string; readonly value: string }
}

interface Navigation {
  readonly method: 'GET' | 'POST'
  readonly body?: URLSearchParams
  /** The referring page; undefined for a typed address. */
  readonly from: Page | undefined
}

/**
 * A headless browser with cookies, forms and the headers that tell a server the origin of a request. It moves
 * one step at a time and never by itself, so that a test can stop, look, or continue in another browser.
 */
export class Browser {
  readonly cookies = new CookieJar()
  readonly #fetch: typeof fetch

  constructor({ onStep = () => {} }: { onStep?: OnStep | undefined } = {}) {
    this.#fetch = watchedFetch('browser', onStep)
  }

  /** Opens a typed or pasted address. */
  open(url: URL | string): Promise<Page> {
    return this.#go(new URL(url), { method: 'GET', from: undefined })
  }

  /** Follows the page's redirect or refresh. */
  onward(page: Page): Promise<Page> {
    if (page.next === undefined) throw new Error(`${describePage(page)} leads nowhere`)
    return this.#go(page.next, { method: 'GET', from: page })
  }

  follow(page: Page, link: URL): Promise<Page> {
    return this.#go(link, { method: 'GET', from: page })
  }

  submit(page: Page, form: Form, input: FormInput = {}): Promise<Page> {
    const body = new URLSearchParams(entriesOf(form, input))
    if (form.method === 'post') return this.#go(form.action, { method: 'POST', body, from: page })
    const target = new URL(form.action)
    target.search = body.toString()
    return this.#go(target, { method: 'GET', from: page })
  }

  /** Clicks the `decision` button with this value in the page's main form. */
  decide(page: Page, value: string, input: Omit<FormInput, 'press'> = {}): Promise<Page> {
    return this.submit(page, formOf(page), { ...input, press: { name: 'decision', value } })
  }

  async #go(url: URL, { method, body, from }: Navigation): Promise<Page> {
    const headers = new Headers({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
    const cookie = this.cookies.header(url)
    if (cookie !== '') headers.set('cookie', cookie)
    headers.set('sec-fetch-site', siteOf(from?.url, url))
    if (method === 'POST') headers.set('origin', originOf(from))
    const response = await this.#fetch(url, { method, headers, body: body ?? null, redirect: 'manual' })
    this.cookies.store(url, response.headers)
    return pageOf(url, response)
  }
}

/** The main form is the first on the page. */
export function formOf(page: Page): Form {
  const [form] = page.forms
  if (form === undefined) throw new Error(`no form: ${describePage(page)}`)
  return form
}

/** The value of a field in the main form; empty if there is no such field. */
export const fieldOf = (page: Page, name: string): string =>
  formOf(page).fields.find((field) => field.name === name)?.value ?? ''

async function pageOf(url: URL, response: Response): Promise<Page> {
  const { status, headers } = response
  const markup = await response.text()
  const isPage = headers.get('content-type')?.startsWith('text/html') === true
  const content = readPage(isPage ? markup : '', url)
  const location = status >= 300 && status < 400 ? headers.get('location') : null
  return {
    ...content,
    url,
    status,
    headers,
    markup,
    next: location === null ? content.refresh : new URL(location, url),
  }
}

/** The entries that a form sends (HTML, constructing the entry list). */
function entriesOf(form: Form, { fill = {}, tick = {}, press }: FormInput): [string, string][] {
  const ticked = ({ name, value, isTicked }: Form['fields'][number]): boolean =>
    isTicked === null || (tick[name]?.includes(value) ?? isTicked)
  const entries = form.fields
    .filter(ticked)
    .map(({ name, value }): [string, string] => [name, fill[name] ?? value])
  if (press === undefined) return entries
  const button = form.buttons.find(({ name, value }) => name === press.name && value === press.value)
  if (button === undefined) throw new Error(`there is no button ${press.name}=${press.value}`)
  return [...entries, [button.name, button.value]]
}

/** Fetch Metadata §2.3, for local hosts: one host is one site, whatever the port. */
function siteOf(from: URL | undefined, to: URL): string {
  if (from === undefined) return 'none'
  if (from.origin === to.origin) return 'same-origin'
  return from.hostname === to.hostname && from.protocol === to.protocol ? 'same-site' : 'cross-site'
}

/** Fetch, append a request Origin header: a page without a referrer sends `Origin: null`, even to itself. */
const originOf = (from: Page | undefined): string =>
  from === undefined || from.headers.get('referrer-policy') === 'no-referrer' ? 'null' : from.url.origin

export const describePage = ({ url, status, title, text }: Page): string =>
  `${status} ${url.origin}${url.pathname} "${title}" ${text.slice(0, 300)}`
