import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { isSameText } from '#lib/hash.ts'

/** The loopback path of the built-in client (RFC 8252 §7.3: any port). */
const PATH = '/operate'
const HOST = '127.0.0.1'

/** A server on this machine that waits for the answer of one sign-in. */
export interface Loopback extends AsyncDisposable {
  readonly redirectUri: string
  /** The address that the browser was sent to. Rejects when `signal` aborts. */
  readonly answer: Promise<URL>
}

const Bound = z.object({ port: z.int() })

/**
 * Listens on a free port of 127.0.0.1, accepts one answer that has this `state`, and ends. A request without the state is
 * refused and ends nothing: any page can send one.
 */
export async function listenForAnswer(state: string, signal: AbortSignal): Promise<Loopback> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  // The caller may leave before it awaits the answer.
  promise.catch(() => {})
  const server = createServer((request, response) => {
    const url = answerIn(request, redirectUri, state)
    page(response, url === null ? REFUSED : DONE)
    if (url !== null) response.once('close', () => resolve(url))
  })
  await listen(server)
  const redirectUri = `http://${HOST}:${Bound.parse(server.address()).port}${PATH}`
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return {
    redirectUri,
    answer: promise,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', abort)
      await close(server)
    },
  }
}

function answerIn({ method, url = '', headers }: IncomingMessage, redirectUri: string, state: string) {
  const expected = new URL(redirectUri)
  // Another host name would be a page elsewhere whose name points to this machine.
  if (method !== 'GET' || headers.host !== expected.host || !url.startsWith('/')) return null
  const given = new URL(url, expected)
  if (given.origin !== expected.origin || given.pathname !== PATH) return null
  return isSameText(given.searchParams.get('state') ?? '', state) ? given : null
}

const DONE = { status: 200, sentence: 'You can close this window. The command goes on in the terminal.' }
const REFUSED = { status: 400, sentence: 'This address belongs to no sign-in that waits here.' }

function page(response: ServerResponse, { status, sentence }: typeof DONE): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(`<!doctype html><html lang="en"><title>npm run operate</title><p>${sentence}</p></html>\n`)
}

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: HOST, port: 0, exclusive: true }, () => resolve())
  })

/** A browser also opens connections that it never uses. */
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
