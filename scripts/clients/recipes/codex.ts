import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { runCommand } from '#harness/run-command.ts'
import { type Bench, type ClientRecipe, SERVER } from '../client.ts'
import type { Output } from '../run-client.ts'

/** Its commands log in; its app server, which its editors use, calls tools without a model. */
export const codex: ClientRecipe = {
  name: 'codex',
  title: 'Codex',
  packages: ['@openai/codex'],
  drivenBy: 'its app server',
  page: 'codex.md',
  open: async (bench) => ({
    // Without the internet this server cannot read Codex's document, so it registers.
    login: () =>
      bench.run('codex', ['mcp', 'add', SERVER, '--url', bench.mcpUrl, '--oauth-client-registration', 'dcr']),
    loginForMore: () =>
      bench.run('codex', [
        'mcp',
        'login',
        SERVER,
        '--scopes',
        'todo:read,todo:write',
        '--oauth-client-registration',
        'dcr',
      ]),
    list: () => withThread(bench, (request) => request('mcpServerStatus/list', {})),
    call: (tool, input) =>
      withThread(bench, (request, threadId) =>
        request('mcpServer/tool/call', { threadId, server: SERVER, tool, arguments: input }),
      ),
  }),
}

type Request = (method: string, params: unknown) => Promise<unknown>

const Message = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  method: z.string().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})
const Started = z.looseObject({ thread: z.looseObject({ id: z.string() }) })
const DEADLINE_MS = 60_000

/** One run of `codex app-server`: JSON-RPC, a message a line. The text is its answer, or its error. */
async function withThread(
  { scratch }: Bench,
  ask: (request: Request, threadId: string) => Promise<unknown>,
): Promise<Output> {
  await using program = runCommand(scratch.programOf('codex'), ['app-server'], scratch.environment, {
    isAtHome: false,
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  createInterface({ input: program.child.stdout }).on('line', (line) => {
    const { id, method, result, error } = Message.parse(JSON.parse(line))
    if (typeof id !== 'number' || method !== undefined) return
    if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new Error(error.message))
  })
  const send = (message: unknown) => program.child.stdin.write(`${JSON.stringify(message)}\n`)
  const request: Request = (method, params) => {
    const id = waiting.size + 1
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    send({ id, method, params })
    const late = sleep(DEADLINE_MS, undefined, { ref: false }).then(() =>
      Promise.reject(new Error(`no answer to ${method} after ${DEADLINE_MS / 1000} s`)),
    )
    return Promise.race([answer.promise, late])
  }
  try {
    await request('initialize', { clientInfo: { name: 'clients', title: null, version: '1.0.0' } })
    send({ method: 'initialized' })
    const { thread } = Started.parse(await request('thread/start', { ephemeral: true }))
    return { code: 0, text: JSON.stringify(await ask(request, thread.id)), logins: 0 }
  } catch (error) {
    return { code: 1, text: error instanceof Error ? `error: ${error.message}` : String(error), logins: 0 }
  }
}
