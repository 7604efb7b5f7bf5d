import { z } from 'zod'
import { isQueryTooLong } from '#http/read-request.ts'
import { API_PATH } from './api-schema.ts'
import { AUTHORIZE_PATH, isLoopbackRedirect, OPERATE_CLIENT } from './native-client.ts'

/** RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2. Any other parameter, and any repeated one, is refused. */
const Parameters = z.strictObject({
  response_type: z.literal('code'),
  client_id: z.literal(OPERATE_CLIENT),
  redirect_uri: z.string().refine(isLoopbackRedirect),
  code_challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  code_challenge_method: z.literal('S256'),
  state: z.string().regex(/^[A-Za-z0-9._~-]{1,200}$/),
  resource: z.string().optional(),
})

/** A request of the command line to sign in. */
export interface AuthorizeRequest {
  redirectUri: string
  challenge: string
  state: string
  /** Path and query, in one spelling: the address of the page and of its form. */
  path: string
}

/** The audience of an operator's token. */
export const operateResource = (publicOrigin: string): string =>
  `${publicOrigin}${API_PATH.replace(/\/v\d+$/, '')}`

/** The only parser of `/operate/authorize`. Null: an error page, never a redirect. */
export function readAuthorizeRequest(url: URL, publicOrigin: string): AuthorizeRequest | null {
  if (url.pathname !== AUTHORIZE_PATH || isQueryTooLong(url)) return null
  const given = [...url.searchParams]
  if (new Set(given.map(([name]) => name)).size < given.length) return null
  const read = Parameters.safeParse(Object.fromEntries(given))
  if (!read.success) return null
  const { redirect_uri, code_challenge, state, resource } = read.data
  if (resource !== undefined && resource !== operateResource(publicOrigin)) return null
  const query = new URLSearchParams(Object.entries(read.data).map(([name, value]) => [name, value ?? '']))
  return {
    redirectUri: redirect_uri,
    challenge: code_challenge,
    state,
    path: `${AUTHORIZE_PATH}?${query.toString()}`,
  }
}
