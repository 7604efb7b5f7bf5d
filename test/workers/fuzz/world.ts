import { z } from 'zod'
import { DISCOVERY, ISSUER } from '../settings.ts'

const Body = z.object({ todoText: z.string().optional(), completed: z.boolean().optional() })
const MOST_TODOS = 20

interface Row {
  id: string
  text: string
  completed: boolean
}
let todos: Row[] = []

/** Everything outside this server: a PingOne that accepts no code, and an API that accepts every token. */
export async function fetchFromWorld(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  if (request.url === `${ISSUER}/.well-known/openid-configuration`) return discovery()
  if (request.url === `${ISSUER}/jwks`) return Response.json({ keys: [] })
  if (request.url === `${ISSUER}/token`) return Response.json({ error: 'invalid_grant' }, { status: 400 })
  if (request.url.startsWith(ISSUER)) return new Response(null)
  return todoApi(request)
}

const discovery = () => Response.json({ ...DISCOVERY, end_session_endpoint: `${ISSUER}/signoff` })

/** One bounded list for all users. */
async function todoApi(request: Request): Promise<Response> {
  const id = decodeURIComponent(new URL(request.url).pathname.split('/')[3] ?? '')
  const isRead = request.method === 'GET' || request.method === 'DELETE'
  const body = isRead ? {} : Body.parse(await request.json())
  if (id !== '' && !todos.some((todo) => todo.id === id)) return new Response(null, { status: 404 })
  if (request.method === 'DELETE') todos = todos.filter((todo) => todo.id !== id)
  if (request.method === 'PATCH')
    todos = todos.map((todo) => (todo.id === id ? { ...todo, completed: body.completed === true } : todo))
  if (request.method === 'POST')
    todos = [...todos, { id: `t${todos.length}`, text: body.todoText ?? '', completed: false }].slice(
      -MOST_TODOS,
    )
  return Response.json({ todos })
}
