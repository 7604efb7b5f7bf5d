import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { waitUntil } from 'cloudflare:workers'
import { oncePerEnv } from '#lib/once-per-env.ts'
import type { PresentedBearer } from '#principal.ts'
import { EntryAnswer } from '#users/calls/entry.ts'
import type { CallProblem } from './calls/tool-denial.ts'
import { endCall } from './calls/user-calls.ts'
import { makeCaller, type McpEndpointDeps, type ServedCall } from './deps.ts'
import { passAnswer, STREAM_CHECK_MS } from './edge/answer-pass.ts'
import { type Arrival, readArrival } from './edge/arrival.ts'
import { answerStop, echoId, explainDenial } from './edge/denials.ts'
import {
  begunCall,
  denialOf,
  type EnteredRequest,
  principalOf,
  refusedCall,
  withoutHidden,
} from './edge/entered.ts'
import { lineOf, methodOf, report, type RequestLine, shortHashOf } from './edge/request-log.ts'
import { makeSubjects } from './edge/subject.ts'
import { answerOutage } from './json-rpc-error.ts'
import { makeLists } from './lists/listed.ts'
import { makeReads } from './lists/reads.ts'
import { SESSION_HEADER, sessionIn } from './session/headers.ts'
import { makeMcpSession } from './session/session.ts'
import { serveSession } from './session/session-edge.ts'
import { makeStatelessTransport } from './stateless/stateless.ts'

type Context = OAuthResourceContext<unknown>

/** A request that has entered. */
interface Entered {
  arrival: Arrival
  answer: EntryAnswer
  presented: PresentedBearer
}

export interface McpEndpoint {
  /** The check of the bearer calls it before the handler runs, which finds the answer under the same request object. */
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
 * @step tool-call 1 entry, principal, and the choice of transport
 */
export function makeMcpEndpoint(parts: McpEndpointDeps): McpEndpoint {
  const servedOf = oncePerEnv((env: Env) => {
    const product = parts.productOf(env)
    const [lists, reads] = [makeLists(product), makeReads(product)]
    return { product, lists, reads, subjects: makeSubjects(product, reads, lists) }
  })
  const transportOf = oncePerEnv((env: Env) =>
    makeStatelessTransport({ ...servedOf(env), extend: parts.extend?.stateless }),
  )
  const stateKeysOf = async (env: Env) => (await parts.settings(env)).requestStateKeys()
  const entered = new WeakMap<Request, Entered>()
  const messages = new WeakMap<Request, unknown>()

  /** Reads a request and enters: every check and the intent of its call, in one RPC (decision 17). */
  async function enter(request: Request, env: Env, presented: PresentedBearer): Promise<EntryAnswer> {
    const { user, ...bearer } = presented
    const answering = { keys: () => stateKeysOf(env), bearer: presented, nowSeconds: parts.deps.now() }
    const arrival = await readArrival(request, { ...servedOf(env), answering })
    messages.set(request, arrival.parsed)
    const { wanted, session, origin, ask } = arrival
    const isAfterQuestion = wanted !== null && wanted.answer !== null
    const policy = ask === null ? null : await parts.head(env, waitUntil, isAfterQuestion)
    const userApi = await parts.userOf(env, user)
    const call = wanted?.call ?? null
    const needs = wanted && {
      scopes: [...wanted.act.scopes],
      tool: wanted.act.name,
      network: origin.network,
    }
    const refused = refusedCall(wanted)
    try {
      const entry = { ...bearer, session, policy, ask, needs, call, ...(refused && { refused }) }
      const answer = EntryAnswer.parse(await userApi.enter(entry))
      const shown = withoutHidden(arrival, answer)
      entered.set(request, { arrival: shown, answer, presented })
      noteEntry(lineOf(request), request, shown, answer, bearer.grant)
      return answer
    } catch (error) {
      // If the call is on record, its answer was lost or not understood: its key must not block the next try.
      if (call !== null) waitUntil(endCall(userApi, call.transaction, 'refused', null))
      throw error
    }
  }

  async function serve(request: Request, env: Env, ctx: Context): Promise<Response> {
    const found = entered.get(request)
    if (found === undefined) throw new Error('a request reached a transport without entering')
    const { arrival, answer } = found
    const principal = principalOf(ctx, found.presented, answer, arrival.ask)
    const call = { request, env, ctx, principal, arrival, answer }
    const response = arrival.denial ?? (await orOutage(lineOf(request), () => answerEntry(call)))
    return echoId(response, arrival.parsed)
  }

  async function answerEntry(call: EnteredRequest): Promise<Response> {
    const { request, env, ctx, arrival, answer } = call
    const { user, grant, expiresAtSeconds, tokenHash } = call.principal
    const denial = denialOf(call, servedOf(env).product)
    if (denial !== null) {
      // An outage is no refusal.
      if (denial.status < 500) lineOf(request).note({ outcome: 'refused' })
      return denial
    }
    const begun = begunCall(arrival, answer)
    let isTaken = begun === undefined
    const onTaken = () => {
      isTaken = true
    }
    const token = {
      endsAtSeconds: expiresAtSeconds,
      nowSeconds: parts.deps.now,
      isAlive: async () => {
        // No head young enough: an outage ends no stream.
        const switches = (await parts.head(env, waitUntil, false))?.switches ?? []
        const hasToken = await (await parts.userOf(env, user)).hasToken(grant, tokenHash, [...switches])
        return hasToken && !(await isCutOff(call))
      },
      checkMs: parts.deps.deadlines.streamCheckMs ?? STREAM_CHECK_MS,
    }
    const line = arrival.wanted === null ? null : lineOf(request)
    const served = { ...call, begun, onTaken, token, line }
    try {
      const response = await (arrival.isSession ? answerSession(served) : answerStateless(served))
      // A stream begins only once the transport has taken the message.
      if (response.ok && isStream(response)) onTaken()
      return response
    } finally {
      // A transport that refused the message: the call has certainly done nothing.
      if (!isTaken && begun?.start.verdict === 'go')
        ctx.waitUntil(endCall(await parts.userOf(env, user), begun.start.call, 'refused', null))
    }
  }

  async function isCutOff({
    env,
    principal: { user },
    answer: { bearer },
  }: EnteredRequest): Promise<boolean> {
    if (bearer === null || parts.isCutOff === undefined) return false
    const { client, openedAtSeconds } = bearer
    return parts.isCutOff(env, { user, client, openedAtSeconds })
  }

  async function answerSession(call: ServedCall): Promise<Response> {
    const { request, env, principal, arrival } = call
    const response = await serveSession({
      ...call,
      ...servedOf(env),
      settings: await parts.settings(env),
      userApi: await parts.userOf(env, principal.user),
      isExtended: parts.extend?.session !== undefined,
    })
    const { session, origin } = arrival
    const answering = sessionIn(response.headers.get(SESSION_HEADER) ?? '') ?? session
    const hash = answering === session ? origin.session : await shortHashOf(answering ?? '')
    if (hash !== undefined) lineOf(request).note({ session: hash })
    return response
  }

  async function answerStateless(call: ServedCall): Promise<Response> {
    const { request, env, ctx, principal, arrival, begun, onTaken, token, line } = call
    const message = arrival.envelope?.kind === 'answer' ? undefined : arrival.envelope?.message
    const answer = arrival.wanted?.answer ?? null
    const stopped: { problem: CallProblem | null } = { problem: null }
    const response = await transportOf(env)(arrival.forwarded, message, {
      principal,
      answer,
      nowSeconds: parts.deps.now,
      keys: () => stateKeysOf(env),
      begun,
      makeCaller: (given) =>
        makeCaller(parts, env, principal.user, {
          ...given,
          transport: 'stateless',
          entered: begun,
          subjects: servedOf(env).subjects,
          isAfterQuestion: answer !== null,
          origin: arrival.origin,
          answer: answer ?? undefined,
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
    if (stop === null) return passAnswer(response, { token, ids: null, line, lost: null })
    await response.body?.cancel()
    return stop
  }

  return {
    enter,
    explain: async (request, answer) => echoId(await explainDenial(answer), messages.get(request)),
    handler: {
      fetch: async (request, env, ctx) =>
        withOurCors(await orOutage(lineOf(request), () => serve(request, env, ctx))),
    },
    McpSession: makeMcpSession(parts, servedOf),
  }
}

const isStream = ({ headers }: Response): boolean => headers.get('content-type') === 'text/event-stream'

/** Only for an accepted bearer: the line of any other request has no word of the client's. */
function noteEntry(
  line: RequestLine,
  request: Request,
  { envelope, isSession, wanted, denial }: Arrival,
  { bearer, start }: EntryAnswer,
  grant: string,
): void {
  if (bearer === null) return
  line.note({ grant, client: bearer.client })
  if (denial !== null) return
  line.note({
    method: methodOf(request, envelope?.message),
    transport: isSession ? 'session' : 'stateless',
    ...(wanted === null ? {} : { name: wanted.act.name }),
  })
  if (start?.verdict !== 'ended' && start?.verdict !== 'unavailable') return
  line.note({ outcome: 'refused', transaction: wanted?.call?.transaction ?? '' })
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

/** The library of the session transport allows every origin; the resource server names the one that was checked. */
function withOurCors(response: Response): Response {
  const headers = new Headers([...response.headers].filter(([name]) => !name.startsWith('access-control-')))
  headers.set('access-control-expose-headers', 'Mcp-Session-Id')
  return new Response(response.body, { status: response.status, headers })
}
