import { WorkerEntrypoint } from 'cloudflare:workers'
import { z } from 'zod'
import { discovery, keys, revoke, token } from '../pingone.ts'

// The systems that a journey calls. Their state is outside the objects that a schedule ends.

/**
 * The product's clock is ahead of the platform's, so that alarms fire only when a test runs them. Less than the ten
 * minutes of a code, more than the life of PingOne's short tokens.
 */
export const AHEAD_MS = 300_000
export const clock = { aheadMs: AHEAD_MS }

/** Every write that the API executed, with its idempotency key. */
export const writes: { key: string; text: string }[] = []

export class PingOneWitness extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/.well-known/openid-configuration')) return discovery()
    if (pathname.endsWith('/jwks')) return keys()
    return pathname.endsWith('/revoke') ? revoke(request) : token(request)
  }
}

const Body = z.object({ todoText: z.string() })

/** The ids of every deletion that the API executed. */
export const deletions: string[] = []

/** Ignores Idempotency-Key, so that a repeated write shows. */
export class TodoApi extends WorkerEntrypoint {
  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') {
      const { todoText: text } = Body.parse(await request.json())
      writes.push({ key: request.headers.get('idempotency-key') ?? '', text })
    }
    if (request.method === 'DELETE') deletions.push(new URL(request.url).pathname.split('/').at(-1) ?? '')
    const left = writes.filter(({ key }) => !deletions.includes(key))
    return Response.json({ todos: left.map(({ key, text }) => ({ id: key, text, completed: false })) })
  }
}
