import { exports } from 'cloudflare:workers'
import { base64url } from 'jose'

export const origin = 'http://localhost:8789'
export const environment = '7f9a1f2e-0000-4000-8000-000000000001'
export const issuer = `${origin}/${environment}/as`
export const clientId = 'the-application'
export const clientSecret = 'a secret: 100%'
export const redirectUri = 'http://localhost:8787/callback'
export const policyId = '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c'

/** One request to the emulator; follows no redirects. */
export const send = (url: string, init: RequestInit = {}): Promise<Response> =>
  exports.default.fetch(new Request(new URL(url, origin), { redirect: 'manual', ...init }))

/** The page in the browser, or the address outside the emulator that it was sent to. */
export interface Sight {
  readonly url: URL
  readonly status: number
  readonly text: string
}

/** A browser with cookies and without JavaScript. */
export class Browser {
  readonly #cookies = new Map<string, string>()

  async visit(url: string, init: RequestInit = {}): Promise<Sight> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await send(url, { ...init, headers })
    this.#keep(response)
    const location = response.headers.get('location')
    if (location === null)
      return { url: new URL(url, origin), status: response.status, text: await response.text() }
    const target = new URL(location, new URL(url, origin))
    return target.origin === origin
      ? this.visit(target.href)
      : { url: target, status: response.status, text: '' }
  }

  /** Submits the first form of a page with its hidden fields and the given ones. */
  submit(page: Sight, fields: readonly (readonly [string, string])[]): Promise<Sight> {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.text)?.[1]
    if (action === undefined) throw new Error(`There is no form on this page: ${page.text}`)
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    const body = new URLSearchParams()
    for (const [, name, value] of hidden) body.append(name ?? '', value ?? '')
    for (const [name, value] of fields) body.append(name, value)
    return this.visit(action, { method: 'POST', body })
  }

  signOn(page: Sight, username: string, password = 'demo'): Promise<Sight> {
    return this.submit(page, [
      ['username', username],
      ['password', password],
    ])
  }

  consent(page: Sight, decision: 'allow' | 'deny', scopes = ['todo:read', 'todo:write']): Promise<Sight> {
    return this.submit(page, [...scopes.map((scope) => ['scope', scope] as const), ['decision', decision]])
  }

  #keep(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split('; ')
      const at = pair.indexOf('=')
      if (attributes.includes('Max-Age=0')) this.#cookies.delete(pair.slice(0, at))
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }
}

export const verifier = 'a-verifier-that-is-long-enough-for-rfc-7636-s256'

/** The URL of /authorize; undefined parameters are omitted. */
export async function authorizeUrl(
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  return `${issuer}/authorize?${new URLSearchParams(await authorizeParameters(changes)).toString()}`
}

export async function authorizeParameters(
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<[string, string][]> {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid profile email todo:read todo:write',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: base64url.encode(
      new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))),
    ),
    code_challenge_method: 'S256',
    acr_values: policyId,
    ...changes,
  }
  return Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}
