import { expect } from 'vitest'
import { z } from 'zod'
import type { Tokens } from '../oauth-client.ts'
import { META } from '#harness/messages.ts'
import { checkRecords, checkTokens, checked, type Journey, signIn } from './checks.ts'
import { askTool, callTool, tokensIn } from './client.ts'
import { deletions } from '../todo-api.ts'

const Added = z.object({
  result: z.object({ structuredContent: z.object({ todo: z.object({ id: z.string() }) }) }),
})
const Question = z.object({ result: z.object({ requestState: z.string() }) })
const FORMS = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } }
const YES = { confirm: { action: 'accept', content: { confirm: true } } }

/** Two todos, and what asks to delete them and deletes them with the user's answer. */
async function deletionOf(tokens: Tokens, text: string) {
  const add = async () => {
    const added = await callTool(tokens.access_token, 'addTodo', { text })
    return Added.parse(JSON.parse(added.text)).result.structuredContent.todo.id
  }
  const ids = [await add(), await add()]
  const remove = (more: object = {}) =>
    askTool(tokens.access_token, 'deleteTodo', { arguments: { ids }, ...more, _meta: FORMS })
  const ask = async () => Question.safeParse(JSON.parse(checked(await remove()).text)).data?.result
  const act = (requestState: string | undefined) => remove({ requestState, inputResponses: YES })
  return { ids, ask, act }
}

/** Deletes two todos with the user's answer. */
export async function confirmDeletion(tokens: Tokens, text: string): Promise<void> {
  const { ask, act } = await deletionOf(tokens, text)
  expect((await act((await ask())?.requestState)).text).toContain('"structuredContent"')
}

/** A deletion with the user's answer: nothing is deleted twice, and an answer that did nothing blocks nobody. */
export const confirmed: Journey = {
  name: 'deletion with the answer of a user',
  graceSeconds: 60,
  mayNotice: true,
  async prepare(client, id) {
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    const { ids, ask, act } = await deletionOf(tokens, id)
    const { requestState } = (await ask()) ?? {}
    const gone = () => deletions.filter((deleted) => ids.includes(deleted)).toSorted()
    return {
      act: () => act(requestState),
      async check(first) {
        const isDone = first.text.includes('"structuredContent"')
        if (isDone) expect(gone()).toEqual(ids.toSorted())
        if (first.status !== 200) expect(gone()).toEqual([])
        const second = checked(await act(requestState))
        // What was certainly not done can be done with the same answer, or with another.
        if (gone().length === 0) {
          expect(second.text).toContain('This answer of the user was used before')
          await act((await ask())?.requestState)
        }
        expect(gone()).toEqual(isDone ? ids.toSorted() : [...new Set(gone())])
        expect(gone().length).toBeGreaterThan(0)
        await checkRecords(tokens, id)
        return checkTokens(client, tokens)
      },
    }
  },
  forced: () => 'goes on',
}
