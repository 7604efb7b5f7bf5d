import { z } from 'zod'

interface Write {
  key: string
  text: string
}

const Body = z.object({ todoText: z.string() })
const MOST_TODOS = 20

/** Every write that this API executed. It ignores Idempotency-Key, so that a repeated write shows. */
export const writes: Write[] = []

/** The id of every deletion. */
export const deletions: string[] = []

/** One list for all users. */
export async function answerAsApi(
  request: Request,
  idOf: (write: Write) => string = ({ key }) => key,
): Promise<Response> {
  if (request.method === 'POST') {
    const { todoText: text } = Body.parse(await request.json())
    writes.push({ key: request.headers.get('idempotency-key') ?? '', text })
  }
  if (request.method === 'DELETE') deletions.push(new URL(request.url).pathname.split('/').at(-1) ?? '')
  const left = writes.filter((write) => !deletions.includes(idOf(write))).slice(-MOST_TODOS)
  return Response.json({
    todos: left.map((write) => ({ id: idOf(write), text: write.text, completed: false })),
  })
}
