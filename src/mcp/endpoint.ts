import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { isLegacyRequest } from '@modelcontextprotocol/server'
import { networkOf } from '#lib/addresses.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { sha256Hex } from '#lib/hash.ts'
import { BearerProps, type Principal } from '#principal.ts'
import { answerStopped } from './answer-stopped.ts'
import { calledTool, challengeScopes } from './challenge-scopes.ts'
import { cleanAnswer } from './clean-answer.ts'
import { echoId, type Envelope, readEnvelope, type Message, readMessage } from './read-message.ts'
import { makeReads, readAsked, subscribeAsked } from './reads.ts'
import { forwardRequest, headerBytes, MOST_HEADER_BYTES } from './forward-request.ts'
import { answerOutage, errorCode, jsonRpcError } from './json-rpc-error.ts'
import { makeLists } from './listed.ts'
import { makeCaller } from './make-caller.ts'
import type { McpEndpointDeps } from './deps.ts'
import { methodOf, shortHashOf, report, lineOf, type RequestLine } from './request-log.ts'
import { makeMcpSession } from './session.ts'
import { serveSession } from './session-edge.ts'
import { makeStatelessTransport } from './stateless.ts'
import { STREAM_CHECK_MS, tieToToken } from './stream-life.ts'

type Context = OAuthResourceContext<unknown>

export interface McpEndpoint {
  /** The handler of an OAuthResourceServer: it runs only for a bearer that was accepted. */
  handler: { fetch(request: Request, env: Env, ctx: Context): Promise<Response> }
  /** The class behind the binding MCP_SESSION; the platform wants it exported from the entry. */
  McpSession: ReturnType<typeof makeMcpSession>
}

/**
 * /mcp serves both protocol eras at one path; the SDK's own predicate says which one a request speaks.
 * @step tool-call 1 principal, and the choice of transport
 */
export function makeMcpEndpoint(parts: McpEndpointDeps): McpEndpoint {
  const servedOf = oncePerEnv((env: Env) => {
    const product = parts.productOf(env)
    const [lists, reads] = [makeLists(product), makeReads(product)]
    const extend = parts.extend?.stateless
    return { product, reads, transport: makeStatelessTransport({ product, lists, reads, extend }) }
  })

  async function serve(request: Request, env: Env, ctx: Context): Promise<Response> {
    if (new URL(request.url).pathname !== '/mcp') return jsonRpcError(404, errorCode.refused, 'Not found')
    const line = lineOf(request)
    const { grant, client } = principalOf(ctx)
    line.note({ grant, client })
    const message = await readMessage(request)
    if (!message.ok) return message.error
    return echoId(await answerRead(request, message.value, env, ctx), message.value.parsed)
  }

  async function answerRead(
    request: Request,
    { body, parsed }: Message,
    env: Env,
    ctx: Context,
  ): Promise<Response> {
    const envelope = body === null ? null : readEnvelope(parsed)
    if (envelope?.ok === false) return envelope.error
    return orOutage(lineOf(request), () => answerMessage(request, envelope?.value ?? null, env, ctx))
  }

  async function answerMessage(
    request: Request,
    envelope: Envelope | null,
    env: Env,
    ctx: Context,
  ): Promise<Response> {
    const parsed = envelope?.message
    const principal = principalOf(ctx)
    const line = lineOf(request)
    const { product, reads, transport } = servedOf(env)
    // Without a body: both transports go on with what was read.
    const forwarded = forwardRequest(request, null)
    if (headerBytes(forwarded) > MOST_HEADER_BYTES)
      return jsonRpcError(431, errorCode.invalidRequest, LONG_HEADERS)
    // Answers belong to questions of sessions: the other revision asks in its results.
    const isStateful = envelope?.kind === 'answer' || (await isLegacyRequest(forwarded, parsed))
    const tool = calledTool(product.tools, parsed)
    const act = tool ?? readAsked(reads, parsed) ?? (isStateful ? subscribeAsked(reads, parsed) : undefined)
    line.note({
      method: methodOf(request, parsed),
      transport: isStateful ? 'session' : 'stateless',
      ...(act === undefined ? {} : { name: act.name }),
    })
    const userApi = async () => parts.userOf(env, principal.user)
    const asking = { userApi, network: networkOf(request), server: product.server }
    const challenge = act && (await challengeScopes(act, ctx.auth, principal, parsed, asking))
    if (challenge) {
      // The second one is in-band, with 200.
      line.note({ outcome: 'refused' })
      return challenge
    }
    const tie = (open: Response): Response =>
      tieToToken(open, {
        endsAtSeconds: principal.expiresAtSeconds,
        nowSeconds: parts.deps.now,
        isAlive: async () => (await userApi()).hasToken(principal.grant, await sha256Hex(ctx.auth.token)),
        checkMs: parts.deps.deadlines.streamCheckMs ?? STREAM_CHECK_MS,
      })
    const response = isStateful
      ? await serveSession(forwarded, ctx, principal, {
          env,
          settings: await parts.settings(env),
          userApi: await parts.userOf(env, principal.user),
          envelope,
          tools: parts.extend?.session === undefined ? product.tools : null,
          tool,
          words: product.words,
          tie,
        })
      : await transport(forwarded, parsed, {
          principal,
          userApi,
          words: product.words,
          nowSeconds: parts.deps.now,
          keys: async () => (await parts.settings(env)).requestStateKeys(),
          makeCaller(asked) {
            const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
            const message = { ...asked.message, traceparent: request.headers.get('traceparent') }
            const given = { ...asked, message }
            return makeCaller(parts, env, principal.user, { transport: 'stateless', waitUntil, ...given })
          },
        }).then((answer) => cleanAnswer(tie(answer)))
    const session = isStateful
      ? (response.headers.get('mcp-session-id') ?? request.headers.get('mcp-session-id'))
      : null
    if (session !== null) line.note({ session: await shortHashOf(session) })
    return act === undefined ? response : answerStopped(response, ctx.auth, line)
  }

  return {
    handler: {
      fetch: async (request, env, ctx) =>
        withOurCors(await orOutage(lineOf(request), () => serve(request, env, ctx))),
    },
    McpSession: makeMcpSession(parts),
  }
}

const LONG_HEADERS = 'The headers of MCP are too long: together they may have 8 KiB. Nothing was done.'

/** In a client's own words: a page would tell it nothing (invariant 10). */
async function orOutage(line: RequestLine, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    line.note({ incident: report('mcp.unavailable', error, {}) })
    return answerOutage()
  }
}

function principalOf({ auth: { userId, clientId, scope, expiresAt }, props }: Context): Principal {
  if (userId === undefined || clientId === undefined || expiresAt === undefined) {
    throw new Error('the bearer was accepted without saying whom it stands for')
  }
  const { grant } = BearerProps.parse(props)
  return { user: userId, client: clientId, grant, scopes: scope, expiresAtSeconds: expiresAt }
}

/** The library of the session transport allows every origin; the resource server names the one that was checked. */
function withOurCors(response: Response): Response {
  const headers = new Headers([...response.headers].filter(([name]) => !name.startsWith('access-control-')))
  headers.set('access-control-expose-headers', 'Mcp-Session-Id')
  return new Response(response.body, { status: response.status, headers })
}
