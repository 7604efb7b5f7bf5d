import { z } from 'zod'

const Message = z.object({ method: z.string() })

/** The least Worker that the bench can measure as a peer: its bearer is the API's token, its answer the API's. */
export default {
  async fetch(request: Request, { TODOS }: { readonly TODOS: string }): Promise<Response> {
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    const { method } = Message.parse(await request.json())
    if (method !== 'tools/call') return new Response(null, { status: 404 })
    return fetch(TODOS, { headers: { authorization: request.headers.get('authorization') ?? '' } })
  },
}
