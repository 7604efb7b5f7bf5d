import { readFileSync } from 'node:fs'
import type { WorkerName } from './local/plan.ts'
import { describeStateFolder } from './local/state-folder.ts'
import { Browser } from './browser.ts'
import { OAuthClient, type Tokens, tokensIn } from './oauth-client.ts'
import { newUser, type User } from './users.ts'
import { sharedWorld } from './shared-world.ts'
import { signIn, type SignInOptions } from './sign-in.ts'
import { Emulator } from './emulator.ts'
import type { Addresses } from './world.ts'

/** The context of a story: the shared system, or its own when addresses are given. */
export function storyContext(addresses: Addresses = sharedWorld()) {
  const { mcpUrl, emulatorOrigin, stateDir } = addresses
  return {
    ...addresses,
    emulator: new Emulator(emulatorOrigin),
    newUser,
    /** All output of a Worker so far; the latest lines may be missing. */
    logs: (name: WorkerName): string => readFileSync(describeStateFolder(stateDir).logOf(name), 'utf8'),
    /** A client that discovered the server and registered. */
    newClient: async (metadata: Readonly<Record<string, unknown>> = {}): Promise<OAuthClient> =>
      (await new OAuthClient(mcpUrl).discover()).register(metadata),
    /** The consent page of a new client in a new browser. */
    openConsent: async (parameters: Parameters<OAuthClient['authorize']>[0] = {}) => {
      const client = await (await new OAuthClient(mcpUrl).discover()).register()
      const authorization = client.authorize(parameters)
      const browser = new Browser()
      return { client, ...authorization, browser, page: await browser.open(authorization.url) }
    },
    signInWith: (client: OAuthClient, options: LoginOptions = {}) => signInWith(client, options),
  }
}

interface LoginOptions extends SignInOptions {
  readonly browser?: Browser
  /** The scopes that the client requests. */
  readonly asked?: string
}

export interface Login {
  readonly tokens: Tokens
  readonly user: User
  readonly browser: Browser
}

/** A login from the client's request to its tokens. */
export async function signInWith(
  client: OAuthClient,
  { browser = new Browser(), asked, user = newUser(), ...options }: LoginOptions,
): Promise<Login> {
  const authorization = client.authorize(asked === undefined ? {} : { scope: asked })
  const end = await signIn(browser, authorization.url, { ...options, user })
  const code = end.answer?.get('code')
  if (code == null) throw new Error(`no code: ${end.stages.join(' → ')}: ${end.answer ?? end.page.text}`)
  const tokens = tokensIn(await client.redeem(code, authorization.verifier))
  return { tokens, user, browser }
}
