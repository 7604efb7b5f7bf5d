import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  UnauthorizedError as UnauthorizedErrorV2,
} from '@modelcontextprotocol/client'
import { UnauthorizedError as UnauthorizedErrorV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { signInProvider, type SignInProvider, type SignInProviderOptions } from './sign-in-provider.ts'
import { type OnStep, watchedFetch } from './steps.ts'

/** The supported clients: SDK and protocol revision. */
export const MCP_CLIENTS = ['sdk-v1', 'sdk-v2-2025', 'sdk-v2-2026'] as const
export type McpClientKind = (typeof MCP_CLIENTS)[number]

interface ConnectOptions extends SignInProviderOptions {
  readonly onStep?: OnStep
  /** Reuses the registration and tokens of an earlier connection. */
  readonly provider?: SignInProvider
  /** Whether it declares support for forms; its `client` sets the handler. */
  readonly showsForms?: boolean
}

const ToolAnswer = z.object({
  content: z.array(z.unknown()),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
})
type ToolAnswer = z.infer<typeof ToolAnswer>

/** A connection; `client` is the SDK's own, for features that differ between SDKs. */
export interface Connected<Client = unknown> extends AsyncDisposable {
  readonly client: Client
  readonly provider: SignInProvider
  callTool(name: string, input?: Record<string, unknown>): Promise<ToolAnswer>
  /** Completes a login that a failed call started; the call may then be retried. */
  finishSignIn(): Promise<void>
}

const NAME = { name: 'story-client', version: '1.0.0' }

/** SDK 1.32: the session transport. */
export function connectV1(mcpUrl: string, options: ConnectOptions = {}): Promise<Connected<ClientV1>> {
  const { provider, fetch } = partsOf(options)
  return connectSigningIn((): Connection<ClientV1> => {
    const client = new ClientV1(NAME, { capabilities: capabilitiesOf(options) })
    const transport = new TransportV1(new URL(mcpUrl), { authProvider: provider, fetch })
    return {
      client,
      provider,
      connect: () => client.connect(transport),
      callTool: async (name, input = {}) =>
        ToolAnswer.parse(await client.callTool({ name, arguments: input })),
      finishSignIn: () => transport.finishAuth(provider.takeAnswer().get('code') ?? ''),
      [Symbol.asyncDispose]: () => client.close(),
    }
  })
}

/** SDK 2.4: `2025` is its default and uses the session transport; `2026` is pinned to 2026-07-28, the stateless transport. */
export function connectV2(
  mcpUrl: string,
  revision: '2025' | '2026',
  options: ConnectOptions = {},
): Promise<Connected<ClientV2>> {
  const { provider, fetch } = partsOf(options)
  const mode = revision === '2025' ? ('legacy' as const) : { pin: '2026-07-28' }
  return connectSigningIn((): Connection<ClientV2> => {
    const client = new ClientV2(NAME, {
      versionNegotiation: { mode },
      capabilities: capabilitiesOf(options),
    })
    const transport = new TransportV2(new URL(mcpUrl), { authProvider: provider, fetch })
    return {
      client,
      provider,
      connect: () => client.connect(transport),
      callTool: async (name, input = {}) =>
        ToolAnswer.parse(await client.callTool({ name, arguments: input })),
      finishSignIn: () => transport.finishAuth(provider.takeAnswer()),
      [Symbol.asyncDispose]: () => client.close(),
    }
  })
}

/** Connects any client, for stories that are the same for all. */
export function connectMcp(
  kind: McpClientKind,
  mcpUrl: string,
  options: ConnectOptions = {},
): Promise<Connected> {
  if (kind === 'sdk-v1') return connectV1(mcpUrl, options)
  return connectV2(mcpUrl, kind === 'sdk-v2-2025' ? '2025' : '2026', options)
}

/** Calls; if a permission is missing, completes the login and retries the call. */
export async function withSignIn<Result>(
  connection: Connected,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (!asksForSignIn(error)) throw error
    await connection.finishSignIn()
    return call()
  }
}

interface Connection<Client> extends Connected<Client> {
  connect(): Promise<void>
}

const capabilitiesOf = ({ showsForms = false }: ConnectOptions) => (showsForms ? { elicitation: {} } : {})

const partsOf = ({ onStep = () => {}, ...options }: ConnectOptions) => ({
  provider: options.provider ?? signInProvider({ ...options, onStep }),
  fetch: watchedFetch('client', onStep),
})

/** An SDK throws after it sent the user to a login; its application then reconnects with the tokens. */
async function connectSigningIn<Client>(attempt: () => Connection<Client>): Promise<Connected<Client>> {
  const first = attempt()
  try {
    await first.connect()
    return first
  } catch (error) {
    if (!asksForSignIn(error)) throw error
  }
  await first.finishSignIn()
  const second = attempt()
  await second.connect()
  return second
}

const asksForSignIn = (error: unknown): boolean =>
  error instanceof UnauthorizedErrorV1 || error instanceof UnauthorizedErrorV2
