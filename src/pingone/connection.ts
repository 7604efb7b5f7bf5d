import * as oauth from 'oauth4webapi'
import { boundedFetch, type Fetch, TooLargeError } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { traceHeaders, TRANSACTION_HEADER } from '#lib/trace.ts'
import { makeTokenChecks } from './check-tokens.ts'
import type { Environments, NamedClaims } from './claims.ts'
import { type ClientAuth, makeClientAuth } from './client-auth.ts'
import { failureOf, type PingOneFailure, requestFailure, statusFailure } from './failures.ts'

export interface PingOneSettings {
  issuer: string
  policyIds: readonly [string, ...string[]]
  clientId: string
  clientAuth: ClientAuth
  extraScopes: readonly string[]
  sendResource: boolean
  /** Send authorization requests to PingOne before the browser goes there (RFC 9126). */
  par: boolean
  environments: Environments
  /** The maximum age of a user's sign-on at login; null: PingOne decides. */
  maxAuthAgeSeconds: number | null
  apiIdentifier: string
  /** The claims of the id token that policy and roles read. */
  claims: NamedClaims
  deadlineMs: number
}

export type Connection = ReturnType<typeof makeConnection>

export function makeConnection(settings: PingOneSettings, deps: { fetch: Fetch; now: () => number }) {
  const wire = makeWire(deps.fetch, settings.deadlineMs, settings.issuer)
  // RFC 8707 §2.2: sent to both endpoints, or the token could have another audience than the user agreed to.
  const resource: Record<string, string> = settings.sendResource ? { resource: settings.apiIdentifier } : {}
  const client: oauth.Client = { client_id: settings.clientId, [oauth.clockTolerance]: 60 }
  return {
    settings,
    options: wire.options,
    client,
    resource,
    authentication: makeClientAuth(settings.clientAuth),
    discover: makeDiscovery(wire, settings.issuer, deps.now),
    checks: makeTokenChecks(wire.fetch, settings),
  }
}

/**
 * PingOne documents no size limit for token answers: an id token has all mapped claims and a name for each group. One
 * mebibyte, PingOne's own limit for requests, has room for about ten thousand groups with names of 70 characters.
 * Discovery documents and key sets have a few kilobytes.
 */
const MAX_POST_ANSWER_BYTES = 1024 * 1024
const MAX_GET_ANSWER_BYTES = 256 * 1024

interface RequestInput {
  method: string
  headers: Record<string, string>
  body?: URLSearchParams | undefined
}

/** Bounded fetch, and the options for oauth4webapi that use it. */
interface Wire {
  fetch: Fetch
  options: {
    [oauth.customFetch]: (url: string, request: RequestInput) => Promise<Response>
    // oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out; a loopback issuer alone turns it on
    [oauth.allowInsecureRequests]: boolean
  }
}

function makeWire(fetch: Fetch, deadlineMs: number, issuer: string): Wire {
  const bounded: Fetch = async (input, init) => {
    const request = traced(new Request(input, init))
    const maxBytes = request.method === 'POST' ? MAX_POST_ANSWER_BYTES : MAX_GET_ANSWER_BYTES
    try {
      return await boundedFetch(fetch, request, { deadlineMs, maxBytes })
    } catch (error) {
      if (error instanceof TooLargeError)
        log.error('pingone.answer-too-large', { path: new URL(request.url).pathname, maxBytes })
      throw error
    }
  }
  return {
    fetch: bounded,
    options: {
      [oauth.customFetch]: (url, { method, headers, body }) =>
        bounded(url, { method, headers, body: body ?? null }),
      // config.ts accepts an http issuer on loopback only.
      // oxlint-disable-next-line typescript/no-deprecated -- as above
      [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
    },
  }
}

/** Gives a request without a transaction id a new one. PingOne's audit can be searched for it. */
function traced(request: Request): Request {
  if (request.headers.has(TRANSACTION_HEADER)) return request
  for (const [name, value] of Object.entries(traceHeaders(crypto.randomUUID())))
    request.headers.set(name, value)
  return request
}

/** Sends a request; a request without an answer is a value. Does not judge the answer. */
export async function send(request: () => Promise<Response>): Promise<Result<Response, PingOneFailure>> {
  try {
    return ok(await request())
  } catch (error) {
    // The library refuses some requests before it sends them, for example plain http.
    return error instanceof oauth.OperationProcessingError ? failureOf(error) : requestFailure(error)
  }
}

const FRESH_SECONDS = 3600
/** A login that needs only cached addresses must survive an outage of discovery. */
const STALE_SECONDS = 24 * 3600

/**
 * Fetches the discovery document when it is first needed and caches it per isolate. It caches values, never promises:
 * workerd cancels a request's pending work when that request ends.
 * @step login 9 discovery of PingOne
 */
function makeDiscovery(wire: Wire, issuer: string, now: () => number) {
  let known: { server: oauth.AuthorizationServer; atSeconds: number } | null = null

  return async (): Promise<Result<oauth.AuthorizationServer, PingOneFailure>> => {
    if (known !== null && now() - known.atSeconds < FRESH_SECONDS) return ok(known.server)
    const found = await fetchDocument(wire, issuer)
    if (found.ok) known = { server: found.value, atSeconds: now() }
    else if (known !== null && now() - known.atSeconds < STALE_SECONDS) return ok(known.server)
    return found
  }
}

async function fetchDocument(
  wire: Wire,
  issuer: string,
): Promise<Result<oauth.AuthorizationServer, PingOneFailure>> {
  const sent = await send(() => oauth.discoveryRequest(new URL(issuer), wire.options))
  if (!sent.ok) return sent
  const bad = statusFailure(sent.value)
  if (bad !== null) return bad
  // A retry cannot help: PingOne answers an unknown environment with a 4xx.
  const { status } = sent.value
  if (status >= 300) return err({ reason: 'misconfigured', detail: `discovery status ${status}` })
  try {
    // OpenID Connect Discovery §4.3: the document's issuer must be the configured one, byte for byte.
    return ok(await oauth.processDiscoveryResponse(new URL(issuer), sent.value))
  } catch (error) {
    const failure = failureOf(error)
    // No grant or code is involved here: a document of another issuer is a wrong setting.
    return failure.error.reason === 'unavailable'
      ? failure
      : err({ reason: 'misconfigured', detail: 'discovery' })
  }
}
