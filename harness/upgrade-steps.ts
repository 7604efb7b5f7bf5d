/** What users' programs begin under one version of the server and continue under another. */
import { Browser } from './browser.ts'
import { type FrozenGrant, type FrozenLogin, freezePage, thawPage } from './frozen-state.ts'
import { callMessage } from './messages.ts'
import { OAuthClient, type Reply, type Tokens, tokensIn } from './oauth-client.ts'
import { continueSignIn, signIn, type Stage } from './sign-in.ts'
import type { storyContext } from './story.ts'
import { callToolStateless, openSession, type TRANSPORTS } from './transport.ts'

const SCOPES = 'todo:read todo:write'

type Story = ReturnType<typeof storyContext>
type TransportName = (typeof TRANSPORTS)[number]

/** The program that registered before, which has stored nothing but its id. */
export async function clientOf(mcpUrl: string, { clientId }: { clientId: string }): Promise<OAuthClient> {
  const client = await new OAuthClient(mcpUrl).discover()
  client.registration = { client_id: clientId }
  return client
}

/** A new user allows a new client. */
export async function openGrant(story: Story, transport: TransportName): Promise<FrozenGrant> {
  const client = await story.newClient()
  const { tokens, user } = await story.signInWith(client, { asked: SCOPES })
  const { username, password, email } = user
  return {
    user: { username, password, email },
    clientId: client.clientId,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? '',
    session: transport === 'session' ? await openSession(client, tokens.access_token) : null,
    todo: `added before the upgrade, ${transport}`,
  }
}

/** A call of the grant's transport. */
export const callAs = (
  client: OAuthClient,
  { session }: Pick<FrozenGrant, 'session'>,
  token: string,
  name: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Reply> =>
  session === null
    ? callToolStateless(client, token, name, input)
    : client.mcp(callMessage(name, input), { authorization: `Bearer ${token}`, 'mcp-session-id': session })

/** Adds the grant's todo, or throws. */
export async function addTodo(client: OAuthClient, grant: FrozenGrant): Promise<void> {
  const { status, body } = await callAs(client, grant, grant.accessToken, 'addTodo', { text: grant.todo })
  const text = JSON.stringify(body)
  if (status !== 200 || !text.includes('total') || text.includes('isError'))
    throw new Error(`addTodo: ${status} ${text}`)
}

/** A login of a new user that stops at a page. */
export async function beginLogin(story: Story, stopBefore: Stage): Promise<FrozenLogin> {
  const client = await story.newClient()
  const browser = new Browser()
  const user = story.newUser()
  const { url, verifier } = client.authorize({ scope: SCOPES })
  const { page, stage } = await signIn(browser, url, { user, stopBefore })
  if (stage !== stopBefore) throw new Error(`the login stopped at ${stage}`)
  const { username, password, email } = user
  return {
    user: { username, password, email },
    clientId: client.clientId,
    verifier,
    ...freezePage(page, browser, story.origin),
  }
}

/** Ends that login in the same browser. Returns the pages that it met, and the tokens. */
export async function finishLogin(
  { mcpUrl, origin }: Pick<Story, 'mcpUrl' | 'origin'>,
  login: FrozenLogin,
  stage: 'consent' | 'callback',
): Promise<{ client: OAuthClient; stages: readonly Stage[]; tokens: Tokens }> {
  const client = await clientOf(mcpUrl, login)
  const { browser, page } = thawPage(login, origin)
  const user = { ...login.user, isRegistered: stage === 'callback' }
  const { answer, stages } = await continueSignIn(browser, page, client.redirectUri, { user })
  const tokens = tokensIn(await client.redeem(answer?.get('code') ?? '', login.verifier))
  return { client, stages, tokens }
}
