import type { EventFilter } from '#audit/filter.ts'
import type { AuditQuestions, FoundEvent } from '#audit/read-questions.ts'
import { MOST_PAGE_ROWS } from '#audit/questions.ts'
import { formatOf } from './find-formats.ts'
import type { FindRequest } from './find-options.ts'
import { describeUser, findLocalUser } from './users.ts'

/** Prints every event that fits, a page at a time. `state`: the folder of a local log, whose keys find users by name. */
export async function findEvents(
  questions: AuditQuestions,
  request: FindRequest,
  state: string | null,
  print: (line: string) => void,
  say: (line: string) => void,
): Promise<void> {
  const { userName, format, showTime, limit, order } = request
  const user = userName === null ? null : await findLocalUser(questions, userName, state)
  if (user !== null) say(`Events of ${describeUser(user)}`)
  const filter = { ...request.filter, ...(user !== null && { user: user.id }) }
  const shape = formatOf(format, showTime)
  if (shape.head !== null) print(shape.head)
  let count = 0
  for await (const found of eventsOf(questions, filter, order)) {
    if (count === limit) {
      say(`More events fit: these are the ${order === 'oldest' ? 'first' : 'last'} ${count}.`)
      return
    }
    print(shape.line(found))
    count += 1
  }
  if (count === 0) say('No event fits.')
}

/** All events that fit, page by page. */
export async function* eventsOf(
  questions: AuditQuestions,
  filter: EventFilter,
  order: 'oldest' | 'newest',
): AsyncGenerator<FoundEvent> {
  let after: string | null = null
  do {
    const page = await questions.events(filter, { order, after, limit: MOST_PAGE_ROWS })
    yield* page.items
    after = page.next
  } while (after !== null)
}
