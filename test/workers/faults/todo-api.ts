import { decodeJwt } from 'jose'
import { z } from 'zod'
import { clocks } from './faults.ts'

const Body = z.object({ todoText: z.string() })

/** Every executed write, in order. This API ignores Idempotency-Key, so that a repeated write shows. */
export const written: string[] = []

/** Accepts a token until it expires by the API's own clock. */
export async function todoApi(request: Request): Promise<Response> {
  const bearer = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
  const { exp = 0 } = decodeJwt(bearer)
  if (exp <= Date.now() / 1000 + clocks.api) return new Response(null, { status: 401 })
  if (request.method === 'POST') written.push(Body.parse(await request.json()).todoText)
  return Response.json({
    todos: written.slice(-3).map((text) => ({ id: text, text, completed: false })),
  })
}
