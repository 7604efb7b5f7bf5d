import { z } from 'zod'
import { createHash, randomBytes } from 'node:crypto'
import { mcpRequest } from './messages.ts'
import { type OnStep, watchedFetch } from './steps.ts'

// The fields that an OAuth client reads.

/** RFC 9728 §2 */
export const ResourceMetadata = z.looseObject({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
  scopes_supported: z.array(z.string()).optional(),
})
/** RFC 8414 §2 */
export const ServerMetadata = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
})
/** RFC 7591 §3.2.1 */
export const Registration = z.looseObject({
  client_id: z.string(),
  client_secret: z.string().optional(),
  token_endpoint_auth_method: z.string().optional(),
})
/** RFC 6749 §5.1 */
export const Tokens = z.looseObject({
  access_token: z.string(),
  token_type: z.string(),
  expires_in: z.number(),
  refresh_token: z.string().optional(),
  scope: z.string().optional(),
})

export type ServerMetadata = z.infer<typeof ServerMetadata>
export type Registration = z.infer<typeof Registration>
export type Tokens = z.infer<typeof Tokens>

/** A raw answer: stories about denials check all of it. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export interface Authorization {
  readonly url: URL
  readonly verifier: string
  readonly state: string
}

type Parameters = Readonly<Record<string, string | undefined>>

const unwatched: OnStep = () => {}

/** A plain OAuth client: it performs each step as instructed, invalid ones too. */
export class OAuthClient {
  readonly mcpUrl: string
  readonly #fetch: typeof fetch
  resource = ''
  challengedScope: string | undefined
  server: ServerMetadata | undefined
  registration: Registration | undefined
  redirectUri: string

  constructor(
    mcpUrl: string,
    {
      onStep = unwatched,
      redirectUri = 'http://localhost:33418/done',
    }: { onStep?: OnStep; redirectUri?: string } = {},
  ) {
    this.mcpUrl = mcpUrl
    this.redirectUri = redirectUri
    this.#fetch = watchedFetch('client', onStep)
  }

  /** From the 401 of the resource to the metadata of its authorization server (RFC 9728 §5.1, RFC 8414 §3.1). */
  async discover(): Promise<this> {
    const refused = await this.mcp({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const challenge = refused.headers.get('www-authenticate') ?? ''
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1]
    if (metadataUrl === undefined)
      throw new Error(`no metadata in the challenge: ${refused.status} ${challenge}`)
    this.challengedScope = /scope="([^"]*)"/.exec(challenge)?.[1]
    const resource = ResourceMetadata.parse((await this.get(metadataUrl)).body)
    this.resource = resource.resource
    const issuer = new URL(resource.authorization_servers[0] ?? '')
    const path = issuer.pathname === '/' ? '' : issuer.pathname
    const server = await this.get(`${issuer.origin}/.well-known/oauth-authorization-server${path}`)
    this.server = ServerMetadata.parse(server.body)
    return this
  }

  /** RFC 7591 §3.1; by default a public client with one loopback redirect URI. */
  async register(metadata: Readonly<Record<string, unknown>> = {}): Promise<this> {
    const body = {
      client_name: 'Story client',
      redirect_uris: [this.redirectUri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...metadata,
    }
    const reply = await this.#send(this.#metadata().registration_endpoint ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (reply.status !== 201) throw new Error(`registration: ${describeReply(reply)}`)
    this.registration = Registration.parse(reply.body)
    return this
  }

  /** An authorization request with PKCE S256; omits parameters that are undefined. */
  authorize(parameters: Parameters = {}): Authorization {
    const verifier = randomBytes(32).toString('base64url')
    const state = randomBytes(16).toString('base64url')
    const url = new URL(this.#metadata().authorization_endpoint)
    url.search = formOf({
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      scope: this.challengedScope,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource: this.resource,
      ...parameters,
    }).toString()
    return { url, verifier, state }
  }

  redeem(code: string, verifier: string, parameters: Parameters = {}): Promise<Reply> {
    return this.token({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: this.redirectUri,
      resource: this.resource,
      ...parameters,
    })
  }

  refresh(refreshToken: string, parameters: Parameters = {}): Promise<Reply> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...parameters })
  }

  token(parameters: Parameters): Promise<Reply> {
    return this.#post(this.#metadata().token_endpoint, { client_id: this.clientId, ...parameters })
  }

  /** RFC 7009 §2.1 */
  revoke(token: string): Promise<Reply> {
    const endpoint = this.#metadata().revocation_endpoint ?? this.#metadata().token_endpoint
    return this.#post(endpoint, { client_id: this.clientId, token })
  }

  /** Sends one minimal JSON-RPC message. */
  mcp(message: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.#send(this.mcpUrl, mcpRequest(null, message, headers))
  }

  get(url: string): Promise<Reply> {
    return this.#send(url, { headers: { accept: 'application/json' } })
  }

  get clientId(): string {
    if (this.registration === undefined) throw new Error('register() first')
    return this.registration.client_id
  }

  #metadata() {
    if (this.server === undefined) throw new Error('discover() first')
    return this.server
  }

  #post(url: string, parameters: Parameters): Promise<Reply> {
    return this.#send(url, { method: 'POST', body: formOf(parameters) })
  }

  async #send(url: string, init: RequestInit): Promise<Reply> {
    const response = await this.#fetch(url, { redirect: 'manual', ...init })
    const { status, headers } = response
    const text = await response.text()
    const isJson = headers.get('content-type')?.startsWith('application/json') === true
    const body: unknown = isJson ? JSON.parse(text) : text
    return { status, headers, body }
  }
}

export function tokensIn(reply: Reply): Tokens {
  if (reply.status !== 200) throw new Error(`tokens: ${describeReply(reply)}`)
  return Tokens.parse(reply.body)
}

export const describeReply = ({ status, body }: Reply): string => `${status} ${JSON.stringify(body)}`

const formOf = (parameters: Parameters): URLSearchParams =>
  new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
