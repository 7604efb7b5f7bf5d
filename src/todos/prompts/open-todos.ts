import { quotedJson } from '#lib/bounded-text.ts'
import { ok, type Result } from '#lib/result.ts'
import { TODO_LIST_URI } from '../resources/todo-list.ts'
import { MAX_TODOS, pageOf } from '../tools/todo.ts'
import type { TodoStore } from '../api/client.ts'
import type { ToolContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import type { PromptPart } from '#catalog/define-prompt.ts'

/** What is still to be done, embedded as JSON: the texts are values in it and never words of the prompt. */
export async function embedOpenTodos({
  api,
}: ToolContext<TodoStore>): Promise<Result<PromptPart, ToolDenial>> {
  const part = { limit: MAX_TODOS, completed: false }
  const list = await api.list(part)
  const open = list.ok ? pageOf(list.value, part) : list
  if (!open.ok) return open
  return ok({
    resource: {
      uri: TODO_LIST_URI,
      form: { mimeType: 'application/json', text: quotedJson(open.value) },
    },
  })
}
