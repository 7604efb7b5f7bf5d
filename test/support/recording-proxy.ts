import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http'
import { buffer } from 'node:stream/consumers'

/** One recorded request and its answer. */
export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly asked: { readonly headers: Headers; readonly body: string }
  /** Grows as data arrives: a stream may still be open. */
  readonly answered: { status: number; headers: Headers; body: string }
}

export interface OtherAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer of the target that was read whole. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface ProxyOptions {
  readonly port: number
  readonly targetPort: number
  /** Answers instead of the target; undefined passes the request on. */
  readonly instead?: (exchange: Exchange) => OtherAnswer | undefined
  /** Extra headers for the target's answers; JSON objects get extra members too. */
  readonly extra?: {
    readonly headers: Readonly<Record<string, string>>
    readonly change: (body: unknown) => unknown
  }
  /** Replaces an answer of the target, as a faulty proxy or zone in front of it would. */
  readonly alter?: (exchange: Exchange, answer: WholeAnswer) => WholeAnswer
}

export interface RecordingProxy extends AsyncDisposable {
  readonly exchanges: readonly Exchange[]
}

// `localhost` is one of these or both, depending on the machine.
const LOOPBACK = ['127.0.0.1', '::1'] as const

/** Listens at the public address, forwards to the real server, and records everything. */
export async function startRecordingProxy(options: ProxyOptions): Promise<RecordingProxy> {
  const exchanges: Exchange[] = []
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    pass(incoming, outgoing, options, exchanges).catch(() => outgoing.destroy())
  }
  const servers = await Promise.all(LOOPBACK.map((host) => listen(host, options.port, handle)))
  const close = async () => {
    for (const server of servers) {
      server?.closeAllConnections()
      server?.close()
    }
  }
  return { exchanges, [Symbol.asyncDispose]: close }
}

async function listen(
  host: string,
  port: number,
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<Server | undefined> {
  const server = createServer(handle)
  server.listen({ host, port })
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    // Without IPv6 only one of them is localhost.
    if (host === '::1') return undefined
    throw error
  }
}

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { targetPort, instead, extra, alter }: ProxyOptions,
  exchanges: Exchange[],
): Promise<void> {
  const { method = 'GET', url = '/' } = incoming
  const body = await buffer(incoming)
  const exchange: Exchange = {
    method,
    url,
    asked: { headers: headersOf(incoming), body: body.toString() },
    answered: { status: 0, headers: new Headers(), body: '' },
  }
  exchanges.push(exchange)
  const other = instead?.(exchange)
  if (other !== undefined)
    return finish(exchange, outgoing, other.status, new Headers(other.headers), other.body)
  // Keeps the public Host header, so that the server does not notice the proxy.
  const asSent = { ...incoming.headers, 'accept-encoding': 'identity' }
  const request = send({ host: 'localhost', port: targetPort, method, path: url, headers: asSent })
  request.end(body)
  outgoing.once('close', () => request.destroy())
  const [answer]: IncomingMessage[] = await once(request, 'response')
  if (answer === undefined) throw new Error('no answer')
  const headers = headersOf(answer)
  if (extra !== undefined) {
    const text = (await buffer(answer)).toString()
    headers.delete('content-length')
    for (const [name, value] of Object.entries(extra.headers)) headers.append(name, value)
    const isJson = /\bjson\b/.test(headers.get('content-type') ?? '') && text !== ''
    const changed = isJson ? JSON.stringify(extra.change(JSON.parse(text))) : text
    return finish(exchange, outgoing, answer.statusCode ?? 502, headers, changed)
  }
  if (alter !== undefined) {
    const text = (await buffer(answer)).toString()
    headers.delete('content-length')
    const other = alter(exchange, { status: answer.statusCode ?? 502, headers, body: text })
    return finish(exchange, outgoing, other.status, other.headers, other.body)
  }
  begin(exchange, outgoing, answer.statusCode ?? 502, headers)
  for await (const chunk of answer) {
    exchange.answered.body += String(chunk)
    outgoing.write(chunk)
  }
  outgoing.end()
}

function begin({ answered }: Exchange, outgoing: ServerResponse, status: number, headers: Headers): void {
  answered.status = status
  answered.headers = headers
  const names = new Set(headers.keys())
  for (const name of names) {
    const value = name === 'set-cookie' ? headers.getSetCookie() : (headers.get(name) ?? '')
    if (name !== 'transfer-encoding' && name !== 'connection') outgoing.setHeader(name, value)
  }
  outgoing.writeHead(status)
  outgoing.flushHeaders()
}

function finish(
  exchange: Exchange,
  outgoing: ServerResponse,
  status: number,
  headers: Headers,
  body = '',
): void {
  begin(exchange, outgoing, status, headers)
  exchange.answered.body = body
  outgoing.end(body)
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  return headers
}
