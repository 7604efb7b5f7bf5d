/** The answers with an error page, and their texts. Errors of a login are in the rooms of the login. */
import type { BadSettings } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import { ErrorPage, type ErrorPageProps, type WayOn } from './error-page.tsx'
import { htmlAnswer } from './html-answer.ts'
import type { Brand } from './layout.tsx'
import { LockedPage, NotSetUpPage, SettingsPage } from './settings-pages.tsx'

type ErrorText = Pick<ErrorPageProps, 'title' | 'sentence'>

const FAILED: ErrorText = {
  title: 'Something went wrong here',
  sentence: 'Nothing you did caused this. Try again; if it stays, tell the operator of this server.',
}
const NOT_FOUND: ErrorText = {
  title: 'There is no page here',
  sentence: 'The address may be incomplete or out of date.',
}
const NOT_A_PAGE: ErrorText = {
  title: 'This address is not a page',
  sentence: 'It works only with a button of another page. Nothing was changed.',
}
const TOO_MANY: ErrorText = {
  title: 'Too many attempts',
  sentence:
    'There were too many failed attempts from your network. Wait a minute, then start again in your app.',
}
const OTHER_ADDRESS: ErrorText = {
  title: 'This is not the address of a server',
  sentence: 'Ask for the right address where you found this one.',
}
const ALMOST_ADDRESS: ErrorText = {
  title: 'Almost the right address',
  sentence: 'OAuth compares addresses letter by letter, so this server answers at one spelling only.',
}

const HOME: WayOn = { label: 'How to connect', href: '/' }
const AGAIN: WayOn = { label: 'Try again', href: null }

const MAX_STACK_CHARACTERS = 2000
const FAILED_RETRY_SECONDS = 30
const SETTINGS_RETRY_SECONDS = 60

/** The error answers of a server. The brand does not come from the settings, which may be what is wrong. */
export class ErrorAnswers {
  readonly #brand: Brand

  constructor(brand: Brand) {
    this.#brand = brand
  }

  /** The last catch of every page: users see an incident id only, the log has the cause. */
  failed(request: Request, error: unknown): Response {
    const incident = newIncident()
    const cause = error instanceof Error ? (error.stack ?? error.message) : 'not an Error'
    const { pathname } = new URL(request.url)
    log.error('request.failed', { incident, path: pathname, cause: cause.slice(0, MAX_STACK_CHARACTERS) })
    // The address of a form's answer does not open with a GET.
    const ways = request.method === 'GET' ? [AGAIN, HOME] : [HOME]
    return this.#answer(request, { ...FAILED, status: 503, ways, incident }, after(FAILED_RETRY_SECONDS))
  }

  /** Replaces a page's answer for a network over its limit. */
  tooMany(request: Request, waitSeconds: number): Response {
    return this.#answer(request, { ...TOO_MANY, status: 429, ways: [HOME] }, after(waitSeconds))
  }

  /**
   * Replaces an answer without a page, if a user opened the address in a browser. Programs keep the answer: clients that
   * look for a metadata document expect an empty 404. `origin`: the right address of this server.
   */
  asPage(request: Request, answer: Response, origin: string): Response {
    if (request.method !== 'GET' || request.headers.get('Accept')?.includes('text/html') !== true)
      return answer
    const { status } = answer
    switch (status) {
      case 404:
        return this.#answer(request, { ...NOT_FOUND, status, ways: [HOME] })
      case 405:
        // With its Allow (RFC 9110 §15.5.6).
        return this.#answer(request, { ...NOT_A_PAGE, status, ways: [HOME] }, new Headers(answer.headers))
      case 421:
        return this.#otherAddress(request, origin)
      default:
        return answer
    }
  }

  /** Another hostname learns nothing about this server (decision 14); on loopback it is a matter of spelling. */
  #otherAddress(request: Request, origin: string): Response {
    const isSpelling = [request.url, origin].every((url) => isLoopbackHost(new URL(url).hostname))
    if (!isSpelling) {
      const props = { ...OTHER_ADDRESS, status: 421, ways: [], brand: null }
      return htmlAnswer(<ErrorPage {...props} />, { isHttps: isHttps(request), status: 421 })
    }
    const ways = [{ label: `Open ${origin}`, href: `${origin}/` }]
    return this.#answer(request, { ...ALMOST_ADDRESS, status: 421, ways })
  }

  /** Answers every request while settings are invalid. The log names them; the page does so on loopback only. */
  badSettings(request: Request, { problems, isEmpty }: BadSettings): Response {
    log.error('settings.refused', { problems, docs: 'docs/configuration.md' })
    const brand = this.#brand
    const options = { isHttps: isHttps(request), status: 503, headers: after(SETTINGS_RETRY_SECONDS) }
    if (isEmpty) return htmlAnswer(<LockedPage brand={brand} />, options)
    if (!isLoopbackHost(new URL(request.url).hostname))
      return htmlAnswer(<NotSetUpPage brand={brand} />, options)
    return htmlAnswer(<SettingsPage problems={problems} brand={brand} />, options)
  }

  #answer(request: Request, props: Omit<ErrorPageProps, 'brand'>, headers = new Headers()): Response {
    const page = <ErrorPage {...props} brand={this.#brand} />
    return htmlAnswer(page, { isHttps: isHttps(request), status: props.status, headers })
  }
}

/** By the request's scheme and not by the settings, which may be invalid. */
const isHttps = ({ url }: Request): boolean => new URL(url).protocol === 'https:'

const after = (seconds: number): Headers => new Headers({ 'Retry-After': String(seconds) })
