import { z } from 'zod'
import { codeOf } from './pingone.ts'
import { ISSUER, ORIGIN, REDIRECT_URI } from './settings.ts'
import { type Answer, authorizeFields, registration, VERIFIER } from './wire.ts'

export type Init = RequestInit<IncomingRequestCfProperties>
export type Send = (path: string, init?: Init) => Promise<Answer>

export const Tokens = z.object({ access_token: z.string(), refresh_token: z.string() })
export type Tokens = z.infer<typeof Tokens>
const Registered = z.object({ client_id: z.string() })

/** Registers a public client and returns its id. */
export async function register(send: Send, redirectUri = REDIRECT_URI, name = 'Client'): Promise<string> {
  const { text } = await send('/register', registration(redirectUri, name))
  return Registered.parse(JSON.parse(text)).client_id
}

/** A public client that holds nothing: every answer is returned as it is. */
export class OAuthClient {
  readonly id: string
  readonly redirectUri: string
  readonly #send: Send

  constructor(send: Send, id: string, redirectUri = REDIRECT_URI) {
    this.#send = send
    this.id = id
    this.redirectUri = redirectUri
  }

  /** The page that the client opens in the browser. */
  get page(): string {
    return `/authorize?${new URLSearchParams(authorizeFields(this.id, this.redirectUri)).toString()}`
  }

  redeem(code: string): Promise<Answer> {
    const pkce = { code_verifier: VERIFIER, redirect_uri: this.redirectUri }
    return this.#token({ grant_type: 'authorization_code', code, ...pkce })
  }

  refresh(refreshToken: string): Promise<Answer> {
    return this.#token({ grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  revoke(token: string): Promise<Answer> {
    return this.#token({ token })
  }

  #token(fields: Record<string, string>): Promise<Answer> {
    const body = new URLSearchParams({ client_id: this.id, ...fields })
    return this.#send('/token', { method: 'POST', body })
  }
}

/** The login that a consent page asks about. */
export const handleIn = (html: string): string | undefined => /name="handle" value="([^"]+)"/.exec(html)?.[1]

/** POST /authorize: the user approves. */
export function approval(handle: string, ticked: readonly string[] = ['todo:read', 'todo:write']): Init {
  const body = new URLSearchParams({ handle, decision: 'approve' })
  for (const scope of ticked) body.append('scope', scope)
  return { method: 'POST', body }
}

/** The headers of a browser that shows a page of this server. */
export const fromOurPage = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', accept: 'text/html' }

/** What the link to PingOne asks for; null if the page has none. */
export function askedOfPingOne(html: string): URLSearchParams | null {
  const link = /href="(https:\/\/[^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  return link.startsWith(ISSUER) ? new URL(link).searchParams : null
}

/** The callback to which PingOne sends this user after signing in. */
export function callbackOf(asked: URLSearchParams, subject: string): string {
  const code = codeOf({ nonce: asked.get('nonce') ?? '', subject })
  return `/callback?${new URLSearchParams({ state: asked.get('state') ?? '', code }).toString()}`
}
