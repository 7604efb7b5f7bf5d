import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { sha256Hex } from '#lib/hash.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import type { PresentedBearer, Principal } from '#principal.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
import type { EnteredCall } from './calls/caller.ts'
import { endCall } from './calls/user-calls.ts'
import { challengeScopes } from './edge/challenge-scopes.ts'
import { findWrongParamsInSession } from './edge/check-params.ts'
import { passAnswer, STREAM_CHECK_MS, type StreamToken } from './edge/answer-pass.ts'
import { makeCaller, type McpEndpointDeps } from './deps.ts'
import type { Wanted } from './edge/arrival.ts'
import { explainDenial } from './edge/explain-denial.ts'
import { type Entered, makeEntrance } from './edge/entrance.ts'
import { answerDenial, answerOutage, answerToolResult, readDenial } from './json-rpc-error.ts'
import { makeLists } from './lists/listed.ts'
import { echoId } from './edge/read-message.ts'
import { makeReads } from './lists/reads.ts'
import { lineOf, report, type RequestLine, shortHashOf } from './edge/request-log.ts'
import { makeMcpSession } from './session/session.ts'
import { serveSession } from './session/session-edge.ts'
import { makeStatelessTransport } from './stateless/stateless.ts'
import { answerStop } from './edge/stop-answer.ts'
import type { CallProblem } from './calls/tool-denial.ts'
import { failure } from './calls/tool-result.ts'
import type { McpProduct } from './product.ts'

type Context = OAuthResourceContext<unknown>

/** A request that has entered, with its principal. */
interface ServedCall extends Entered {
  request: Request
  env: Env
  ctx: Context
  principal: Principal
}

export interface McpEndpoint {
  /** The check of the bearer calls it before the handler runs (edge/entrance.ts). */
  enter: (request: Request, env: Env, bearer: PresentedBearer) => Promise<EntryAnswer>
  /** The handler of an OAuthResourceServer: it runs only for a request that has entered. */
  handler: { fetch(request: Request, env: Env, ctx: Context): Promise<Response> }
  /** Gives a denial of the resource server a body that MCP clients read, with the id of its request. */
  explain: (request: Request, answer: Response) => Promise<Response>
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
  const entrance = makeEntrance({ servedOf, ...parts })

  async function serve(request: Request, env: Env, ctx: Context): Promise<Response> {
    const entered = entrance.of(request)
    const { arrival } = entered
    const call = { request, env, ctx, principal: principalOf(ctx, entered), ...entered }
    const answer = arrival.denial ?? (await orOutage(lineOf(request), () => answerEntry(call)))
    return echoId(answer, arrival.parsed)
  }

  async function answerEntry(call: ServedCall): Promise<Response> {
    const { request, env, ctx, principal, arrival, answer } = call
    const denial = denialOf(call, servedOf(env).product)
    if (denial !== null) {
      lineOf(request).note({ outcome: 'refused' })
      return denial
    }
    const begun = begunCall(arrival.wanted, answer)
    let isTaken = begun === undefined
    const onTaken = () => {
      isTaken = true
    }
    try {
      const serveBy = arrival.isSession ? answerSession : answerStateless
      const response = await serveBy(call, begun, onTaken)
      // A stream begins only once the transport has taken the message.
      if (response.ok && isStream(response)) onTaken()
      return response
    } finally {
      // A transport that refused the message: the call has certainly done nothing.
      if (!isTaken && begun?.start.verdict === 'go') {
        const userApi = await parts.userOf(env, principal.user)
        ctx.waitUntil(endCall(userApi, begun.start.call, 'refused', null))
      }
    }
  }

  const tokenOf = ({ env, ctx, principal: { user, grant, expiresAtSeconds } }: ServedCall): StreamToken => ({
    endsAtSeconds: expiresAtSeconds,
    nowSeconds: parts.deps.now,
    isAlive: async () => (await parts.userOf(env, user)).hasToken(grant, await sha256Hex(ctx.auth.token)),
    checkMs: parts.deps.deadlines.streamCheckMs ?? STREAM_CHECK_MS,
  })

  /** The line notes the outcome of a call or read only. */
  const outcomeLine = ({ request, arrival }: ServedCall) => (arrival.wanted === null ? null : lineOf(request))

  async function answerSession(
    call: ServedCall,
    begun: EnteredCall | undefined,
    onTaken: () => void,
  ): Promise<Response> {
    const { request, env, ctx, principal, arrival, answer } = call
    const { product, reads } = servedOf(env)
    const { forwarded, envelope, wanted } = arrival
    const response = await serveSession(forwarded, ctx, principal, {
      env,
      settings: await parts.settings(env),
      userApi: await parts.userOf(env, principal.user),
      envelope,
      tools: parts.extend?.session === undefined ? product.tools : null,
      reads,
      tool: wanted?.isTool === true ? wanted.act : undefined,
      words: product.words,
      state: answer.session,
      begun,
      nowSeconds: parts.deps.now,
      onTaken,
      token: tokenOf(call),
      line: outcomeLine(call),
    })
    const session = response.headers.get('mcp-session-id') ?? request.headers.get('mcp-session-id')
    if (session !== null) lineOf(request).note({ session: await shortHashOf(session) })
    return response
  }

  async function answerStateless(
    call: ServedCall,
    begun: EnteredCall | undefined,
    onTaken: () => void,
  ): Promise<Response> {
    const { request, env, ctx, principal, arrival } = call
    const { transport } = servedOf(env)
    const stopped: { problem: CallProblem | null } = { problem: null }
    const response = await transport(arrival.forwarded, arrival.envelope?.message, {
      principal,
      answer: arrival.wanted?.answer ?? null,
      nowSeconds: parts.deps.now,
      keys: async () => (await parts.settings(env)).requestStateKeys(),
      begun,
      makeCaller: (given) =>
        makeCaller(parts, env, principal.user, {
          ...given,
          transport: 'stateless',
          entered: begun,
          answer: arrival.wanted?.answer ?? undefined,
          onTaken,
          onStop: (problem) => {
            stopped.problem = problem
          },
          message: { ...given.message, traceparent: request.headers.get('traceparent') },
          waitUntil: (work) => ctx.waitUntil(work),
        }),
    })
    // The answer has not begun, so what stopped the call can still be an HTTP status (decision 7).
    const stop = stopped.problem === null || isStream(response) ? null : answerStop(stopped.problem, ctx.auth)
    if (stop === null)
      return passAnswer(response, { token: tokenOf(call), ids: null, line: outcomeLine(call), lost: null })
    await response.body?.cancel()
    return stop
  }

  return {
    enter: entrance.enter,
    explain: async (request, answer) => echoId(await explainDenial(answer), entrance.messageOf(request)),
    handler: {
      fetch: async (request, env, ctx) =>
        withOurCors(await orOutage(lineOf(request), () => serve(request, env, ctx))),
    },
    McpSession: makeMcpSession(parts),
  }
}

const isStream = ({ headers }: Response): boolean => headers.get('content-type') === 'text/event-stream'

/** The denial of a request whose bearer is accepted; null: it goes on to a transport. */
function denialOf(
  {
    ctx: { auth },
    principal: { user },
    arrival: { wanted, envelope },
    answer: { missing, stepUp },
  }: ServedCall,
  { server, words }: McpProduct,
): Response | null {
  if (wanted === null || envelope?.kind !== 'request') return null
  const { id } = envelope.message
  if (missing.length > 0) return challengeScopes({ auth, user, wanted, missing, stepUp, id, server })
  const { problem, isTool } = wanted
  if (problem === null) return null
  if (isTool) return answerToolResult(id, failure(problem, null, words), server)
  const wrong = findWrongParamsInSession(envelope.message, null)
  return answerDenial(id, wrong?.answer ?? readDenial(problem, words))
}

function begunCall(wanted: Wanted | null, { start }: EntryAnswer): EnteredCall | undefined {
  if (start === null || wanted === null || wanted.call === null) return undefined
  const { transaction, key } = wanted.call
  return { start, transaction, input: wanted.input, isKeyed: key !== null }
}

/** In a client's own words: a page would tell it nothing (invariant 10). */
async function orOutage(line: RequestLine, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    line.note({ incident: report('mcp.unavailable', error, {}) })
    return answerOutage()
  }
}

function principalOf({ auth }: Context, { grant }: Entered): Principal {
  const { userId, clientId, scope, expiresAt } = auth
  if (userId === undefined || clientId === undefined || expiresAt === undefined) {
    throw new Error('the bearer was accepted without saying whom it stands for')
  }
  return { user: userId, client: clientId, grant, scopes: scope, expiresAtSeconds: expiresAt }
}

/** The library of the session transport allows every origin; the resource server names the one that was checked. */
function withOurCors(response: Response): Response {
  const headers = new Headers([...response.headers].filter(([name]) => !name.startsWith('access-control-')))
  headers.set('access-control-expose-headers', 'Mcp-Session-Id')
  return new Response(response.body, { status: response.status, headers })
}
