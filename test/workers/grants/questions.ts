import { z } from 'zod'
import { messagesIn } from '#harness/messages.ts'
import { Client } from '../faults/client.ts'
import { asked, type Caller, callerOf, callTool, openCall, post, YES } from './door.ts'

// A write that asks its user first, on both transports, with what may happen before the answer.

export const REMOVE = { name: 'deleteTodo', args: { id: 'milk' } }
export const DONE = 'Deleted 1 todo. The list now has 0 todos.'

/** A user with one todo. */
export async function signedIn(revision: Caller['revision'], subject?: string): Promise<Caller> {
  const caller = await callerOf(await (await Client.register()).signIn(subject), revision)
  await callTool(caller, { name: 'addTodo', args: { text: 'milk' } })
  return caller
}

/** The question of the stateless revision, and the call that brings the answer. */
export async function askStateless(subject?: string) {
  const caller = await asked(await signedIn('2026-07-28', subject), REMOVE)
  return {
    caller,
    agree: (changed: Partial<Caller> | void) =>
      callTool({ ...caller, ...changed }, { ...REMOVE, reply: YES }),
  }
}

const Question = z.object({ id: z.string(), method: z.literal('elicitation/create') })

/** The question in a session: the call waits for the answer, which comes in a request of its own. */
export async function askInSession(subject?: string) {
  const caller = await signedIn('2025-11-25', subject)
  const { response } = await openCall(caller, REMOVE)
  const events = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const nextText = async () => (await events?.read())?.value ?? ''
  const { id } = Question.parse(messagesIn(await nextText())[0])
  return {
    caller,
    agree: (changed: Partial<Caller> | void = {}) =>
      post({ ...caller, ...changed }, { jsonrpc: '2.0', id, result: YES }),
    /** The answer to the call, whose status was sent with the question. */
    answer: async () => ({ status: response.status, headers: response.headers, text: await nextText() }),
  }
}
