import { WorkerEntrypoint } from 'cloudflare:workers'
import { z } from 'zod'
import { writes } from './witness.ts'

const Body = z.object({ todoText: z.string() })

/** Ignores Idempotency-Key, so that a repeated write shows. */
export class TodoApi extends WorkerEntrypoint {
  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') {
      const { todoText: text } = Body.parse(await request.json())
      writes.push({ key: request.headers.get('idempotency-key') ?? '', text })
    }
    return Response.json({ todos: writes.map(({ key, text }) => ({ id: key, text, completed: false })) })
  }
}
