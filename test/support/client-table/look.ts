import { vi } from 'vitest'
import { z } from 'zod'
import { mustSee, YES } from './features.ts'
import type { Answer, AnswerForm, Speaker } from './speaker.ts'

const agreed = { action: 'accept', content: { confirm: true } } as const
const Todos = z.object({ todos: z.array(z.object({ id: z.string(), text: z.string() })) })

const done = ({ isError, content }: Answer): void => {
  if (isError) throw new Error(`refused: ${JSON.stringify(content)}`)
}

/** Texts and ids of the list, as the client sees them. */
export async function todosOf(speaker: Speaker): Promise<readonly { id: string; text: string }[]> {
  return Todos.parse((await speaker.call('listTodos')).structuredContent).todos
}

export async function seeTools(speaker: Speaker): Promise<string> {
  const tools = await speaker.tools()
  mustSee('the tools are listed', tools.includes('listTodos') && tools.includes('deleteTodo'))
  done(await speaker.call('whoAmI'))
  return YES
}

/** Reads the list and one todo by the template, and checks the texts. */
export async function seeResources(speaker: Speaker): Promise<string> {
  const [first] = await todosOf(speaker)
  const listed = await speaker.resources()
  mustSee('resources are listed', listed.includes('todo://list') && listed.includes('todo://items/{id}'))
  mustSee('the list is read', (await speaker.read('todo://list')).includes(first?.text ?? '?'))
  mustSee('one todo is read', (await speaker.read(`todo://items/${first?.id}`)).includes(first?.text ?? '?'))
  return YES
}

export async function seePrompts(speaker: Speaker): Promise<string> {
  const [first] = await todosOf(speaker)
  mustSee('the prompts are listed', (await speaker.prompts()).includes('planMyDay'))
  mustSee('a prompt has the todos', (await speaker.prompt('planMyDay')).includes(first?.text ?? '?'))
  return YES
}

export async function seeCompletion(speaker: Speaker): Promise<string> {
  const ids = (await todosOf(speaker)).map(({ id }) => id)
  const found = await speaker.completeId()
  mustSee('exactly the own ids are offered', ids.length > 0 && ids.every((id) => found.includes(id)))
  return YES
}

/** Deletes two todos after the user agreed; returns the progress. */
export async function seeAsking(speaker: Speaker): Promise<{ asked: number; steps: readonly number[] }> {
  const [one, two] = await addTwo(speaker, 'ask')
  let asked = 0
  const steps: number[] = []
  speaker.onForm(async () => {
    asked += 1
    return agreed
  })
  const onprogress = ({ progress }: { progress: number }) => steps.push(progress)
  done(await speaker.call('deleteTodo', { ids: [one, two] }, { onprogress }))
  const left = (await todosOf(speaker)).map(({ id }) => id)
  mustSee('both are gone', !left.includes(one) && !left.includes(two))
  return { asked, steps }
}

/** Cancels the call during the question and agrees afterwards; returns whether the answer still counts. */
export async function seeCancellation(speaker: Speaker): Promise<{ isLateAnswerHeeded: boolean }> {
  const [one, two] = await addTwo(speaker, 'cancel')
  const cancel = new AbortController()
  const answered = Promise.withResolvers<null>()
  const answerLate: AnswerForm = async () => {
    cancel.abort()
    // The cancellation leaves before the answer.
    await new Promise((resolve) => setTimeout(resolve, 300))
    answered.resolve(null)
    return agreed
  }
  speaker.onForm(answerLate)
  const outcome = await speaker.call('deleteTodo', { ids: [one, two] }, { signal: cancel.signal }).then(
    () => 'answered',
    () => 'cancelled',
  )
  await answered.promise
  mustSee('the call is given up', outcome === 'cancelled')
  const areGone = async () => {
    const left = (await todosOf(speaker)).map(({ id }) => id)
    return !left.includes(one) && !left.includes(two)
  }
  // An ignored answer has no signal, so this waits many times longer than a normal answer takes.
  const heeded = vi.waitUntil(areGone, { timeout: 2500, interval: 200 })
  const isLateAnswerHeeded = await heeded.catch(() => false)
  const left = (await todosOf(speaker)).map(({ id }) => id)
  // Either both deletions are done, or none.
  mustSee('all or nothing', isLateAnswerHeeded || (left.includes(one) && left.includes(two)))
  return { isLateAnswerHeeded }
}

async function addTwo(speaker: Speaker, word: string): Promise<readonly [string, string]> {
  for (const text of [`${word} one`, `${word} two`]) done(await speaker.call('addTodo', { text }))
  const [one, two] = (await todosOf(speaker)).filter(({ text }) => text.startsWith(`${word} `))
  if (one === undefined || two === undefined) throw new Error('what was added is not on the list')
  return [one.id, two.id]
}
