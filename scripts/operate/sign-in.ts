import * as oauth from 'oauth4webapi'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import { AUTHORIZE_PATH, checkCodeOf, OPERATE_CLIENT, TOKEN_PATH } from '#operate/native-client.ts'
import { listenForAnswer } from './loopback.ts'
import { NotDone, type Print } from './terminal.ts'

export interface SignInOptions {
  readonly origin: string
  readonly say: Print
  /** Throws if no page is at the address. */
  readonly requirePage: (address: string) => Promise<void>
  /** Null: the user opens the printed address. */
  readonly openBrowser: ((address: string) => void) | null
  readonly timeoutMs?: number
}

export interface NewToken {
  readonly token: string
  readonly endsAtMs: number
}

/** Public: PKCE, and the click on the server's page, protect the sign-in. */
const CLIENT: oauth.Client = { client_id: OPERATE_CLIENT, token_endpoint_auth_method: 'none' }
const PATIENCE_MS = 5 * 60 * 1000
const TOKEN_TIMEOUT_MS = 30_000

/** Signs an operator in through the browser (RFC 8252), and returns the token. It is never printed. */
export async function signIn(options: SignInOptions): Promise<NewToken> {
  const { origin, say, openBrowser, requirePage, timeoutMs } = options
  const verifier = oauth.generateRandomCodeVerifier()
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const state = oauth.generateRandomState()
  const signal = AbortSignal.timeout(timeoutMs ?? PATIENCE_MS)
  await using loopback = await listenForAnswer(state, signal)
  const { redirectUri } = loopback
  const server = serverAt(origin)
  const address = addressOf(server, { redirectUri, challenge, state })
  await requirePage(address)
  say(`Sign in at ${address}`)
  say(`Check code ${await checkCodeOf(challenge)}: continue only if the page shows the same.`)
  openBrowser?.(address)
  const answer = await loopback.answer.catch((error: unknown) => {
    if (!signal.aborted) throw error
    throw new NotDone('Nobody signed in within five minutes. Run the command again.')
  })
  return redeem(server, answer, { redirectUri, verifier, state })
}

const serverAt = (origin: string): oauth.AuthorizationServer => ({
  issuer: origin,
  authorization_endpoint: origin + AUTHORIZE_PATH,
  token_endpoint: origin + TOKEN_PATH,
})

interface Request {
  readonly redirectUri: string
  readonly challenge: string
  readonly state: string
}

function addressOf(
  { authorization_endpoint: endpoint = '' }: oauth.AuthorizationServer,
  { redirectUri, challenge, state }: Request,
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT.client_id,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state,
  })
  return `${endpoint}?${query.toString()}`
}

async function redeem(
  server: oauth.AuthorizationServer,
  answer: URL,
  { redirectUri, verifier, state }: { redirectUri: string; verifier: string; state: string },
): Promise<NewToken> {
  // Read before the request: the token is never kept longer than it lives.
  const askedAtMs = Date.now()
  try {
    const code = oauth.validateAuthResponse(server, CLIENT, answer, state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      CLIENT,
      oauth.None(),
      code,
      redirectUri,
      verifier,
      {
        // target.ts accepts http on loopback only.
        // oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out
        [oauth.allowInsecureRequests]: server.issuer.startsWith('http:'),
        signal: () => AbortSignal.timeout(TOKEN_TIMEOUT_MS),
      },
    )
    const body = await oauth.processAuthorizationCodeResponse(server, CLIENT, response)
    return { token: body.access_token, endsAtMs: askedAtMs + (body.expires_in ?? 0) * 1000 }
  } catch (error) {
    throw new NotDone(`The sign-in did not succeed: ${failureOf(error)}`, { cause: error })
  }
}

/** Shows the error code only: anyone can send a browser to this address with a description. */
function failureOf(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
    return error.error === 'access_denied'
      ? 'it was declined.'
      : `${withHiddenEscaped(error.error.slice(0, 60))}.`
  return error instanceof oauth.OperationProcessingError
    ? 'the answer could not be read.'
    : 'the server did not answer.'
}
