import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Why there is no answer, as a phrase. */
export interface NoAnswer {
  readonly failed: string
}

export interface Question {
  readonly method?: 'GET' | 'POST'
  /** Not fetch: it lets nobody choose `host`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Ask = (url: URL, question?: Question) => Promise<Answer | NoAnswer>

/** The server under test. */
export interface Target {
  readonly origin: string
  readonly ask: Ask
}

const MAX_BYTES = 256 * 1024

/** Sends one request: with a deadline for the whole answer, a bounded body, and without following a redirect. */
export const makeAsk =
  (deadlineMs: number): Ask =>
  async (url, { method = 'GET', headers = {}, body = '' } = {}) => {
    const signal = AbortSignal.timeout(deadlineMs)
    const options = {
      method,
      headers: { 'user-agent': 'mcp-smoke-test', 'accept-encoding': 'identity', ...headers },
      signal,
      // Without it, Node takes the name for TLS from a `host` header.
      ...(isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
    }
    try {
      const response = await send(url, options, body)
      const text = await readText(response)
      if (text === null) return { failed: `its answer has more than ${MAX_BYTES / 1024} KiB` }
      return { status: response.statusCode ?? 0, headers: headersOf(response), text }
    } catch (error) {
      return { failed: signal.aborted ? `no answer in ${deadlineMs / 1000} s` : describeError(error) }
    }
  }

const send = (url: URL, options: RequestOptions & { servername?: string }, body: string) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options)
    request.once('response', resolve)
    request.once('error', reject)
    request.end(body)
  })

/** Null for a body that is too long. */
async function readText(response: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const read of response) {
    const chunk: unknown = read
    if (!(chunk instanceof Uint8Array)) throw new Error('a response without an encoding gives bytes')
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  return headers
}

/** Node's code of the error: `ENOTFOUND`, `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
function describeError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? `no answer (${code})` : 'no answer'
}
