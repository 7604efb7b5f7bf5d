import { Browser, type Page } from './browser.ts'
import { describeReply, type OAuthClient, type Reply, tokensIn } from './oauth-client.ts'
import type { User } from './users.ts'
import { continueSignIn, signIn, type SignInOptions } from './sign-in.ts'
import { callToolStateless } from './transport.ts'
import type { Login, storyContext } from './story.ts'

const LINK = /https?:\/\/[^\s"\\]+\/step-up\/[^\s"\\]+/

/** The step-up link in a client's answer. */
export const linkIn = (answer: unknown): string | undefined =>
  LINK.exec(typeof answer === 'string' ? answer : JSON.stringify(answer))?.[0]

function requireLink(reply: Reply): string {
  const link = linkIn(reply.body)
  if (link === undefined) throw new Error(`no link: ${describeReply(reply)}`)
  return link
}

interface StepUpRequest extends Login {
  readonly client: OAuthClient
  readonly refused: Reply
  readonly link: string
}

/** A client that may read and was denied a write. */
export async function requestStepUp(
  story: ReturnType<typeof storyContext>,
  options: { user?: User; browser?: Browser; name?: string } = {},
): Promise<StepUpRequest> {
  const { name = 'The app that asks', ...others } = options
  const client = await story.newClient({ client_name: name })
  const signedIn = await story.signInWith(client, { asked: 'todo:read', ...others })
  const refused = await addTodo(client, signedIn.tokens.access_token)
  return { ...signedIn, client, refused, link: requireLink(refused) }
}

export const addTodo = (client: OAuthClient, token: string): Promise<Reply> =>
  callToolStateless(client, token, 'addTodo', { text: 'from a step-up' })

/** A user opens the link, decides, signs in if needed, and sees the final page. */
export async function answerStepUp(
  link: string,
  user: User,
  { browser = new Browser(), ...options }: SignInOptions & { browser?: Browser } = {},
): Promise<Page> {
  return (await signIn(browser, link, { user, ...options })).page
}

/** A user denies and signs in to confirm it. */
export async function denyStepUp(link: string, user: User, browser = new Browser()): Promise<Page> {
  const page = await browser.open(link)
  const denied = await browser.decide(page, 'deny')
  const leaving = await browser.decide(denied, 'end')
  return (await continueSignIn(browser, leaving, 'urn:no-redirect-uri', { user })).page
}

/** The client's next refresh. */
export const scopeAfterRefresh = async ({ client, tokens }: StepUpRequest): Promise<string | undefined> =>
  tokensIn(await client.refresh(tokens.refresh_token ?? '')).scope

/** The click on our page that leads to PingOne. */
export const approve = async (browser: Browser, link: string): Promise<Page> =>
  browser.decide(await browser.open(link), 'approve')

/** The `/signed-in` address to which PingOne redirects, not opened yet. */
export const returning = async (browser: Browser, leaving: Page, user: StepUpRequest['user']) => {
  const { page } = await continueSignIn(browser, leaving, `${leaving.url.origin}/signed-in`, { user })
  if (page.next === undefined) throw new Error(`PingOne leads nowhere: ${page.text}`)
  return page.next
}
