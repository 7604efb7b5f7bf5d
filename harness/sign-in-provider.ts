import type { OAuthClientMetadata, OAuthClientProvider } from '@modelcontextprotocol/client'
import { Browser } from './browser.ts'
import { signIn, type SignInEnd, type SignInOptions } from './sign-in.ts'
import type { OnStep } from './steps.ts'

type Stored<Name extends keyof OAuthClientProvider> = Awaited<
  ReturnType<Extract<OAuthClientProvider[Name], (...args: never[]) => unknown>>
>

export interface SignInProviderOptions {
  readonly onStep?: OnStep | undefined
  readonly browser?: Browser
  readonly signIn?: SignInOptions
  readonly redirectUri?: string
  readonly clientName?: string
  /** The scopes to request when the server's challenge and metadata do not say. */
  readonly scope?: string
  /** SDK v1 answers 403 insufficient_scope with a refresh while it has a refresh token; the refresh gains nothing. */
  readonly keepsRefreshTokens?: boolean
}

export type SignInProvider = ReturnType<typeof signInProvider>

/** The SDK's auth provider; a simulated user completes each login at once, in this process. */
export function signInProvider({
  onStep,
  browser = new Browser({ onStep }),
  signIn: options = {},
  redirectUri = 'http://localhost:33418/done',
  clientName = 'Story client',
  scope,
  keepsRefreshTokens = true,
}: SignInProviderOptions = {}) {
  let information: Stored<'clientInformation'>
  let tokens: Stored<'tokens'>
  let discovery: Stored<'discoveryState'>
  let verifier = ''
  let end: SignInEnd | undefined
  const clientMetadata: OAuthClientMetadata = {
    client_name: clientName,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    ...(scope === undefined ? {} : { scope }),
  }
  return {
    browser,
    /** May change between logins: another user, fewer scopes. */
    options,
    redirectUrl: redirectUri,
    clientMetadata,
    clientInformation: () => information,
    saveClientInformation: (saved: Stored<'clientInformation'>) => {
      information = saved
    },
    tokens: () => tokens,
    saveTokens: (saved: NonNullable<Stored<'tokens'>>) => {
      const { refresh_token: _dropped, ...others } = saved
      tokens = keepsRefreshTokens ? saved : others
    },
    discoveryState: () => discovery,
    saveDiscoveryState: (saved: NonNullable<Stored<'discoveryState'>>) => {
      discovery = saved
    },
    codeVerifier: () => verifier,
    saveCodeVerifier: (saved: string) => {
      verifier = saved
    },
    async redirectToAuthorization(this: { options: SignInOptions }, url: URL) {
      end = await signIn(browser, url, this.options)
    },
    /** Where the last login ended, also a failed one. */
    lastSignIn: () => end,
    /** The parameters at the redirect URI; single-use. */
    takeAnswer(): URLSearchParams {
      const answer = end?.answer
      if (answer?.get('code') == null) throw new Error(`the login gave no code: ${answer ?? end?.page.text}`)
      end = undefined
      return answer
    },
  }
}
