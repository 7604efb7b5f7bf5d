import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, type ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker-provider.js'
import { exports } from 'cloudflare:workers'

export const MCP_URL = 'https://mcp.example.test/mcp'

export const toWorker = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(new Request(input, init))

/** Reads the bearer on every request, so that a test can replace it within a session. */
const fetchAs = (bearer: () => string) => (input: string | URL | Request, init?: RequestInit) => {
  const request = new Request(input, init)
  request.headers.set('authorization', `Bearer ${bearer()}`)
  return toWorker(request)
}

const info = { name: 'test-client', version: '1' }
const options = () => ({ jsonSchemaValidator: new CfWorkerJsonSchemaValidator() })

/** The current SDK clients: v1, v2 with its defaults, and v2 on the stateless revision. */
export const clientKinds = ['v1', 'v2', 'v2-stateless'] as const
export type ClientKind = (typeof clientKinds)[number]

/** The user's answer to a form. */
export type Answer = (form: unknown) => Promise<ElicitResult>

export async function connect(kind: ClientKind, bearer: string | (() => string), answer?: Answer) {
  const fetch = fetchAs(typeof bearer === 'string' ? () => bearer : bearer)
  const capabilities = answer === undefined ? {} : { elicitation: { form: {} } }
  if (kind === 'v1') {
    const client = new ClientV1(info, { ...options(), capabilities })
    if (answer !== undefined) client.setRequestHandler(ElicitRequestSchema, ({ params }) => answer(params))
    const transport = new TransportV1(new URL(MCP_URL), { fetch })
    await client.connect(transport)
    return { client, transport }
  }
  const negotiation = kind === 'v2' ? {} : { versionNegotiation: { mode: 'auto' } as const }
  const client = new Client(info, { capabilities, ...negotiation })
  if (answer !== undefined) client.setRequestHandler('elicitation/create', ({ params }) => answer(params))
  const transport = new StreamableHTTPClientTransport(new URL(MCP_URL), { fetch })
  await client.connect(transport)
  return { client, transport }
}
