import { createLocalJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { oauthError, type Answer } from './http.ts'
import { one } from './http.ts'
import type { Context } from './endpoints.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Runs the handler only for the application, authenticated by exactly the configured method. */
export function forApplication(
  handle: (context: Context) => Answer | Promise<Answer>,
): (context: Context) => Promise<Answer> {
  return async (context) => {
    const { clientAuth } = context.settings
    const used = methodsUsed(context)
    if (used.length !== 1 || used[0] !== clientAuth)
      return invalidClient(context, 'Unsupported authentication method')
    const isApplication =
      clientAuth === 'private_key_jwt' ? await isAssertionValid(context) : isSecretValid(context)
    return isApplication ? handle(context) : invalidClient(context, 'Invalid client credentials')
  }
}

function invalidClient(context: Context, text: string): Answer {
  // RFC 6749 §5.2 requires the challenge.
  const headers = { 'www-authenticate': 'Basic realm="PingOne"' }
  return oauthError(context, 'invalid_client', `Request denied: ${text}`, { status: 401, headers })
}

function methodsUsed({ request, parameters }: Context): string[] {
  const methods: string[] = []
  if (request.headers.has('authorization')) methods.push('client_secret_basic')
  if (parameters.has('client_secret')) methods.push('client_secret_post')
  if (parameters.has('client_assertion')) methods.push('private_key_jwt')
  return methods
}

function isSecretValid({ request, parameters, settings }: Context): boolean {
  const given =
    settings.clientAuth === 'client_secret_post'
      ? { id: one(parameters, 'client_id'), secret: one(parameters, 'client_secret') }
      : readBasic(request.headers.get('authorization') ?? '')
  return given?.id === settings.clientId && given.secret === settings.clientSecret
}

/** RFC 6749 §2.3.1: both halves are form-encoded. */
function readBasic(header: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  try {
    const text = atob(encoded)
    const colon = text.indexOf(':')
    const plain = (half: string): string => decodeURIComponent(half.replaceAll('+', ' '))
    return colon < 0 ? undefined : { id: plain(text.slice(0, colon)), secret: plain(text.slice(colon + 1)) }
  } catch {
    // A header that cannot be decoded does not hold the secret.
    return undefined
  }
}

/** RFC 7523 §3. L: the accepted audiences. */
async function isAssertionValid(context: Context): Promise<boolean> {
  const { parameters, settings, url, store, nowSeconds, stampSeconds } = context
  if (one(parameters, 'client_assertion_type') !== assertionType) return false
  const endpoint = settings.origin + url.pathname
  try {
    const { payload } = await jwtVerify(
      one(parameters, 'client_assertion') ?? '',
      await clientKeys(context),
      {
        algorithms: ['RS256', 'RS384', 'RS512'],
        issuer: settings.clientId,
        subject: settings.clientId,
        audience: [settings.issuer, `${settings.issuer}/token`, endpoint],
        requiredClaims: ['exp'],
        currentDate: new Date(stampSeconds * 1000),
      },
    )
    // L: `jti` is optional, as in RFC 7523 §3.
    if (payload.jti === undefined) return true
    if (store.assertions.get(payload.jti) !== undefined) return false
    store.assertions.put(payload.jti, (payload.exp ?? nowSeconds) + 60)
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

/** L: how long PingOne caches the keys. An unknown `kid` does not cause another fetch. */
async function clientKeys({ settings, switches, store, nowSeconds }: Context): Promise<JWTVerifyGetKey> {
  const { clientJwks, clientJwksUri } = settings
  if (clientJwks !== '') return createLocalJWKSet(JSON.parse(clientJwks))
  const kept = store.clientKeys.get(clientJwksUri)
  if (kept && nowSeconds - kept.atSeconds < switches.clientKeysSeconds) {
    return createLocalJWKSet(JSON.parse(kept.text))
  }
  const response = await fetch(clientJwksUri)
  if (!response.ok) throw new errors.JWKSInvalid(`status ${response.status}`)
  const text = await response.text()
  const keys = createLocalJWKSet(JSON.parse(text))
  store.clientKeys.put(clientJwksUri, { text, atSeconds: nowSeconds })
  return keys
}
