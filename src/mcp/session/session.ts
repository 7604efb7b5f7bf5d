/* oxlint-disable typescript/no-deprecated -- Deliberate: McpAgent serves the 2025 revisions; only this file knows it. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
import { McpAgent } from 'agents/mcp'
import { MessageType } from 'agents/types'
import { z } from 'zod'
import { toBase64Url } from '#lib/hash.ts'
import type { Subscription } from '#users/sessions/subscriptions.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { Confirmation } from '#catalog/confirmation.ts'
import { ANSWER_MS, askInSession, OpenQuestions } from './ask-in-session.ts'
import { answerInSession, type HandlerExtra, principalOf } from './answer-in-session.ts'
import { canShowForms, formOf } from '../calls/consent.ts'
import type { Reads } from '../lists/reads.ts'
import { CALL_HEADER, readCall, PRINCIPAL_HEADER, readPrincipal } from './headers.ts'
import { type Caller, type EnteredCall, tellProgress } from '../calls/caller.ts'
import { invoke, toToolResult } from '../calls/invoke-tool.ts'
import { sendReads } from '../calls/user-calls.ts'
import { describeTool, type Lists } from '../lists/listed.ts'
import { CANCELLED } from '../edge/answer-pass.ts'
import { makeCaller, type McpEndpointDeps } from '../deps.ts'
import { errorCode } from '../json-rpc-error.ts'
import type { McpProduct } from '../product.ts'
import type { Subjects } from '../edge/subject.ts'
import { splitInternal } from './session-object.ts'
import { orBroken } from '../calls/tool-result.ts'

export type Session = McpAgent<Env>
type Connection = Parameters<Session['onConnect']>[0]
type ConnectionContext = Parameters<Session['onConnect']>[1]

/** The library's handler. It finds the object by the id in the header and checks no owner. */
export const sessionLibrary = McpAgent.serve('/mcp', { binding: 'MCP_SESSION' })

/** The library's state for the stream that gets what belongs to no request. */
const Listening = z.object({ _standaloneSse: z.literal(true) })
const LISTENING = { streamId: '_GET_stream', _standaloneSse: true }
/** Our state for such a stream while a newer one has its place. */
const Waiting = z.object({ waitsSince: z.number() })
/** Streams of GET in one session; beyond it the oldest end. */
export const MOST_LISTENING = 4

/** The library's header of a message, in base64 (of either alphabet). */
const MESSAGE_HEADER = 'cf-mcp-message'

/** Calls on their way to a handler. A handler takes its call within milliseconds. */
const MOST_CALLS = 100

/** The library's state for the stream of a POST. */
const StreamState = z.object({ requestIds: z.array(z.string()) })

const grantOf = ({ request }: ConnectionContext) => readPrincipal(request.headers.get(PRINCIPAL_HEADER)).grant

/**
 * The 2025 revisions: one object per session with an SDK v1 server. Only session-edge.ts reaches it, after it has checked
 * that the session belongs to the request's user and client. The principal comes with each request and is never stored.
 * @step tool-call 1 session transport: the session's object
 */
export function makeMcpSession(
  parts: McpEndpointDeps,
  servedOf: (env: Env) => { product: McpProduct; lists: Lists; reads: Reads; subjects: Subjects },
) {
  const answerMs = parts.deps.deadlines.answerMs ?? ANSWER_MS

  return class McpSession extends McpAgent<Env> {
    readonly #questions = new OpenQuestions()
    #order = 0
    /** Whose calls ran here: their last outcomes are sent before the object is deleted. */
    #user: string | null = null
    /** Calls that no handler has taken yet, by their transaction. */
    readonly #calls = new Map<string, Omit<EnteredCall, 'input'>>()
    /** Running requests and their grants. A key is a UUID, a space, and the client's id as JSON (session-object.ts). */
    readonly #running = new Map<string, string>()
    override server = new McpServer(servedOf(this.env).product.server, {
      instructions: servedOf(this.env).product.instructions,
      // The default validator, Ajv, generates code, which workerd forbids.
      jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
    })

    override async init(): Promise<void> {
      const served = servedOf(this.env)
      for (const tool of served.product.tools) {
        this.server.registerTool(
          tool.name,
          { ...describeTool(tool), inputSchema: tool.input, outputSchema: tool.output },
          (input: Record<string, unknown>, extra: HandlerExtra) =>
            orBroken(tool.name, served.product.words, () =>
              this.#during(extra, () => this.#call(tool, input, extra)),
            ),
        )
      }
      answerInSession(this.server.server, served, (extra, answer) =>
        this.#during(extra, () => {
          const caller = (input: Record<string, unknown>) => this.#callerOf(extra, input)
          return answer({ principal: principalOf(extra), caller, notFound: errorCode.resourceNotFound })
        }),
      )
      parts.extend?.session?.(this.server)
    }

    async #during<T>(extra: HandlerExtra, work: () => Promise<T>): Promise<T> {
      const id = String(extra.requestId)
      this.#running.set(id, principalOf(extra).grant)
      try {
        return await work()
      } finally {
        this.#running.delete(id)
        if (extra.signal.aborted) this.#endStreamOf(id)
      }
    }

    /** A cancelled request gets no answer (MCP 2025-11-25 Cancellation), but the library ends a stream only with one. */
    #endStreamOf(id: string): void {
      const end = { type: MessageType.CF_MCP_AGENT_EVENT, event: `${CANCELLED}\n\n`, close: true }
      for (const connection of this.getConnections()) {
        const isOwn = StreamState.safeParse(connection.state).data?.requestIds.includes(id) === true
        if (isOwn) connection.send(JSON.stringify(end))
      }
    }

    async runningAs(id: string, grant: string): Promise<string[]> {
      return [...this.#running].flatMap(([internal, owner]) =>
        owner === grant && splitInternal(internal).external === id ? [internal] : [],
      )
    }

    async #call(tool: AnyTool, input: Record<string, unknown>, extra: HandlerExtra) {
      const principal = principalOf(extra)
      const caller = await this.#callerOf(extra, input)
      if (tool.confirm === undefined) return toToolResult(await invoke(tool, input, principal, caller))
      const canAsk = canShowForms(this.server.server.getClientCapabilities())
      const ask = (confirmation: Confirmation) =>
        this.#questions.ask({ grant: principal.grant, signal: extra.signal, ms: answerMs }, () =>
          this.elicitInput(formOf(confirmation), { relatedRequestId: extra.requestId }),
        )
      return askInSession({ tool, input, principal, caller }, canAsk ? ask : null)
    }

    /** A closed stream cancels nothing (MCP 2025-11-25 Transports, Sending); `notifications/cancelled` does. */
    async #callerOf(extra: HandlerExtra, input: Record<string, unknown>): Promise<Caller> {
      const { _meta, signal, sendNotification, requestInfo } = extra
      this.#user = principalOf(extra).user
      const call = this.#takeCall(String(extra.requestId))
      return makeCaller(parts, this.env, principalOf(extra).user, {
        transport: 'session',
        entered: { ...call, input },
        origin: call.origin,
        subjects: servedOf(this.env).subjects,
        message: { meta: _meta, traceparent: requestInfo?.headers['traceparent'] },
        signal,
        progress: tellProgress(_meta, (notification) => sendNotification(notification)),
        waitUntil: (work) => this.ctx.waitUntil(work),
      })
    }

    /** The call of a request, which the edge has begun. It can be taken once. */
    #takeCall(requestId: string): Omit<EnteredCall, 'input'> {
      const { transaction } = splitInternal(requestId)
      const call = this.#calls.get(transaction)
      this.#calls.delete(transaction)
      if (call === undefined) throw new Error('a request without a call reached a session')
      return call
    }

    /** No event store: it would store tool results in clear, only to resume broken streams. */
    protected override getEventStore() {
      return undefined
    }

    override getConnectionTags(_connection: Connection, context: ConnectionContext): string[] {
      return [`grant:${grantOf(context)}`]
    }

    /** A request under another grant of the same user and client closes the old grant's streams. */
    override async onConnect(connection: Connection, context: ConnectionContext): Promise<void> {
      const grant = grantOf(context)
      this.#questions.closeAllBut(grant)
      for (const other of this.getConnections()) {
        if (other.id !== connection.id && !other.tags.includes(`grant:${grant}`))
          other.close(1000, 'Another grant took over')
      }
      if (context.request.headers.get('cf-mcp-method') === 'GET') this.#waitForNewer()
      await super.onConnect(connection, { ...context, request: await this.#openCall(context.request) })
    }

    /**
     * The library would close an older listening stream, and a client with two would open both again for ever. Each message
     * goes to one stream (MCP 2025-11-25 Transports, Multiple Connections): the newest.
     */
    #waitForNewer(): void {
      for (const other of this.getConnections())
        if (Listening.safeParse(other.state).success) other.setState({ waitsSince: this.#order++ })
      for (const oldest of this.#waiting().slice(MOST_LISTENING - 1)) oldest.close(1000, 'Too many streams')
    }

    /** The waiting streams, the newest first. */
    #waiting(): Connection[] {
      const since = ({ state }: Connection) => Waiting.safeParse(state).data?.waitsSince ?? -1
      return [...this.getConnections()]
        .filter((one) => since(one) >= 0)
        .toSorted((one, other) => since(other) - since(one))
    }

    override async onClose(...closing: Parameters<Session['onClose']>): Promise<void> {
      await super.onClose(...closing)
      const [connection] = closing
      if (!Listening.safeParse(connection.state).success) return
      const next = this.#waiting().find(({ id }) => id !== connection.id)
      next?.setState(LISTENING)
    }

    /** Keeps the call of a request for its handler, and puts its message where the library reads it. */
    async #openCall(request: Request): Promise<Request> {
      const header = request.headers.get(CALL_HEADER)
      if (header === null) return request
      const { rootKeys } = await parts.settings(this.env)
      const { message, ...call } = await readCall(rootKeys, this.getSessionId(), header, parts.deps.now())
      this.#calls.set(call.transaction, call)
      const [oldest] = this.#calls.keys()
      if (this.#calls.size > MOST_CALLS && oldest !== undefined) this.#calls.delete(oldest)
      const headers = new Headers(request.headers)
      headers.delete(CALL_HEADER)
      headers.set(MESSAGE_HEADER, toBase64Url(new TextEncoder().encode(JSON.stringify(message))))
      return new Request(request, { headers })
    }

    /**
     * Notifies the open stream of this grant, if any, of changed resources. It must be `async`: the library then starts an
     * object that was woken for this call.
     */
    async tellChanged({ grant, uris }: Subscription): Promise<void> {
      const [stream] = this.getConnections(`grant:${grant}`)
      if (stream === undefined) return
      for (const uri of uris) await this.server.server.sendResourceUpdated({ uri })
    }

    /** Closes all streams and deletes the object's storage. */
    async endSession(): Promise<void> {
      // The calls that wait for their user answer in microtasks, while their streams are open.
      if (this.#questions.closeAll()) await scheduler.wait(0)
      for (const connection of this.getConnections()) connection.close(1000, 'This session has ended')
      if (this.#user !== null) await sendReads(await parts.userOf(this.env, this.#user), this.#user)
      await this._cf_terminateSession()
    }
  }
}
