/** The least server that the bench can measure as a peer: MCP with a session id, in front of the Todo API. */
import { createServer, type IncomingMessage } from 'node:http'

const { PORT = '', TODO_API_ORIGIN = '', TODO_API_TOKEN = '' } = process.env
const SESSION = 'session-of-the-peer'

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

async function answer(request: IncomingMessage): Promise<{ status: number; text: string }> {
  const body = await textOf(request)
  if (request.headers.authorization !== `Bearer bearer-at-${PORT}`) return { status: 401, text: '' }
  if (body.includes('"initialize"')) return { status: 200, text: '{}' }
  if (request.headers['mcp-session-id'] !== SESSION) return { status: 404, text: '' }
  if (!body.includes('"todos"')) return { status: 202, text: '' }
  const headers = { authorization: `Bearer ${TODO_API_TOKEN}` }
  return { status: 200, text: await (await fetch(`${TODO_API_ORIGIN}/api/todos`, { headers })).text() }
}

createServer((request, response) => {
  void answer(request).then(({ status, text }) =>
    response.writeHead(status, { 'mcp-session-id': SESSION }).end(text),
  )
}).listen(Number(PORT), 'localhost')
