import { createLocalJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { refuse, type Answer } from './answer.ts'
import { one } from './parameters.ts'
import type { Visit } from './visit.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Undefined when the caller is the application, authenticated the one way it is configured for. */
export async function refuseStranger(visit: Visit): Promise<Answer | undefined> {
  const { settings } = visit
  const used = methodsUsed(visit)
  if (used.length !== 1 || used[0] !== settings.clientAuth)
    return strangerRefused(visit, 'Unsupported authentication method')
  const isApplication =
    settings.clientAuth === 'private_key_jwt' ? await assertionHolds(visit) : secretHolds(visit)
  return isApplication ? undefined : strangerRefused(visit, 'Invalid client credentials')
}

function strangerRefused({ correlationId }: Visit, text: string): Answer {
  // RFC 6749 §5.2: the challenge names the scheme that the caller may have tried.
  const headers = { 'www-authenticate': 'Basic realm="PingOne"' }
  return refuse('invalid_client', `Request denied: ${text}`, correlationId, { status: 401, headers })
}

function methodsUsed({ request, parameters }: Visit): string[] {
  const methods: string[] = []
  if (request.headers.has('authorization')) methods.push('client_secret_basic')
  if (parameters.has('client_secret')) methods.push('client_secret_post')
  if (parameters.has('client_assertion')) methods.push('private_key_jwt')
  return methods
}

function secretHolds({ request, parameters, settings }: Visit): boolean {
  const given =
    settings.clientAuth === 'client_secret_post'
      ? { id: one(parameters, 'client_id'), secret: one(parameters, 'client_secret') }
      : readBasic(request.headers.get('authorization') ?? '')
  return given?.id === settings.clientId && given.secret === settings.clientSecret
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are put together. */
function readBasic(header: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  try {
    const text = atob(encoded)
    const colon = text.indexOf(':')
    const plain = (half: string): string => decodeURIComponent(half.replaceAll('+', ' '))
    return colon < 0 ? undefined : { id: plain(text.slice(0, colon)), secret: plain(text.slice(colon + 1)) }
  } catch {
    // Silence is right: what cannot be decoded is simply not the secret.
    return undefined
  }
}

/** RFC 7523 §3. Accepted audiences: the issuer and the endpoint that is called (L: which ones PingOne takes). */
async function assertionHolds(visit: Visit): Promise<boolean> {
  const { parameters, settings, url, store, nowSeconds, stampSeconds } = visit
  if (one(parameters, 'client_assertion_type') !== assertionType) return false
  const endpoint = settings.origin + url.pathname
  try {
    const { payload } = await jwtVerify(one(parameters, 'client_assertion') ?? '', await clientKeys(visit), {
      algorithms: ['RS256', 'RS384', 'RS512'],
      issuer: settings.clientId,
      subject: settings.clientId,
      audience: [settings.issuer, `${settings.issuer}/token`, endpoint],
      requiredClaims: ['exp'],
      currentDate: new Date(stampSeconds * 1000),
    })
    // L: whether PingOne insists on a `jti`; RFC 7523 §3 leaves it open.
    if (payload.jti === undefined) return true
    if (store.assertions.get(payload.jti) !== undefined) return false
    store.assertions.put(payload.jti, (payload.exp ?? nowSeconds) + 60)
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

/** L: how long PingOne keeps them. No second look for an unknown `kid`: the careful reading. */
async function clientKeys({ settings, switches, store, nowSeconds }: Visit): Promise<JWTVerifyGetKey> {
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
