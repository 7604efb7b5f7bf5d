import { type Browser, describePage, formOf, type Page } from './browser.ts'
import { ada, type User } from './users.ts'

/**
 * The stage of a login: `consent` and `api-consent` are the two questions, `sign-on` is the emulator's first page,
 * `pingone`, `callback` and `client` are the browser's next steps. `stuck` is any other page, such as an error.
 */
export type Stage = 'consent' | 'pingone' | 'sign-on' | 'api-consent' | 'callback' | 'client' | 'stuck'

export interface SignInOptions {
  readonly user?: User
  /** The scopes that stay ticked on our page; all by default. */
  readonly scopes?: readonly string[]
  readonly decision?: 'approve' | 'deny'
  /** The scopes that stay ticked on PingOne's page. */
  readonly apiScopes?: readonly string[]
  readonly apiDecision?: 'allow' | 'deny'
  readonly stopBefore?: Stage
}

export interface SignInEnd {
  readonly stage: Stage
  readonly page: Page
  /** All stages reached, in order. */
  readonly stages: readonly Stage[]
  /** The client's redirect URI with the answer, once the login returns to the client. */
  readonly answer: URLSearchParams | undefined
  readonly redirect: URL | undefined
}

const MAX_STEPS = 30

/** A user opens the client's URL, answers both questions and signs in. */
export async function signIn(
  browser: Browser,
  authorizeUrl: URL | string,
  options: SignInOptions = {},
): Promise<SignInEnd> {
  const start = new URL(authorizeUrl)
  return continueSignIn(browser, await browser.open(start), redirectUriOf(start), options)
}

/** Continues a stopped login. */
export async function continueSignIn(
  browser: Browser,
  from: Page,
  redirectUri: string,
  options: SignInOptions = {},
): Promise<SignInEnd> {
  const stages: Stage[] = []
  let page = from
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const stage = stageOf(page, redirectUri)
    if (stage !== 'onward') stages.push(stage)
    if (stage === 'stuck' || stage === 'client' || stage === options.stopBefore) {
      const redirect = stage === 'client' ? page.next : undefined
      return { stage, page, stages, redirect, answer: redirect?.searchParams }
    }
    page = await takeStep(browser, page, stage, options)
  }
  throw new Error(`the login goes in circles: ${describePage(page)}`)
}

function takeStep(
  browser: Browser,
  page: Page,
  stage: Exclude<Stage, 'client' | 'stuck'> | 'onward',
  { user = ada, scopes, decision = 'approve', apiScopes, apiDecision = 'allow' }: SignInOptions,
): Promise<Page> {
  const decide = (value: string, kept: readonly string[] | undefined) =>
    browser.decide(page, value, kept === undefined ? {} : { tick: { scope: kept } })
  const onward = () => browser.onward(page)
  const steps: Record<typeof stage, () => Promise<Page>> = {
    onward,
    pingone: onward,
    callback: onward,
    consent: () => decide(decision, scopes),
    'api-consent': () => decide(apiDecision, apiScopes),
    'sign-on': () => (user.isRegistered ? enter(browser, page, user) : register(browser, page, user)),
  }
  return steps[stage]()
}

const enter = (browser: Browser, page: Page, { username, password }: User): Promise<Page> =>
  browser.submit(page, formOf(page), { fill: { username, password } })

async function register(browser: Browser, page: Page, user: User): Promise<Page> {
  const link = page.links.find(({ href }) => href.pathname.endsWith('/register'))
  if (link === undefined) throw new Error(`no registration here: ${describePage(page)}`)
  const form = await browser.follow(page, link.href)
  const { username, password, email } = user
  const registered = await browser.submit(form, formOf(form), { fill: { username, password, email } })
  user.isRegistered = registered.status < 400
  return registered
}

function stageOf(page: Page, redirectUri: string): Stage | 'onward' {
  const { next, forms } = page
  if (next !== undefined) {
    if (next.href.startsWith(redirectUri)) return 'client'
    if (next.pathname === '/callback') return 'callback'
    return next.origin === page.url.origin ? 'onward' : 'pingone'
  }
  const [form] = forms
  if (form === undefined || page.status >= 400) return 'stuck'
  const presses = form.buttons.map(({ name, value }) => `${name}=${value}`)
  if (presses.includes('decision=approve')) return 'consent'
  if (presses.includes('decision=allow')) return 'api-consent'
  const names = form.fields.map(({ name }) => name)
  return names.includes('username') && names.includes('password') ? 'sign-on' : 'stuck'
}

const redirectUriOf = (authorizeUrl: URL): string =>
  authorizeUrl.searchParams.get('redirect_uri') ?? 'urn:no-redirect-uri'
