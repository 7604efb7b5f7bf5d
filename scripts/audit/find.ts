import type { EventFilter } from '#audit/filter.ts'
import type { AuditQuestions, FoundEvent } from '#audit/read-questions.ts'
import { MOST_PAGE_ROWS } from '#audit/questions.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { toBase64Url } from '#lib/hash.ts'
import { deriveSigningKey, readRootKeys, type RootKey, signingPurposes } from '#lib/root-keys.ts'
import { readLocal } from '../doctor/read-settings.ts'
import { formatOf } from './find-formats.ts'
import type { FindRequest } from './find-options.ts'

/** Prints every event that fits, a page at a time. `state`: the folder of a local log, whose keys find users by name. */
export async function findEvents(
  questions: AuditQuestions,
  request: FindRequest,
  state: string | null,
  print: (line: string) => void,
  say: (line: string) => void,
): Promise<void> {
  const { userName, format, showTime, limit, order } = request
  const user = userName === null ? {} : { user: await userNamed(questions, userName, state) }
  const filter = { ...request.filter, ...user }
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

const SOME = 10

/** The object of the one user with this display name. */
async function userNamed(questions: AuditQuestions, name: string, state: string | null): Promise<string> {
  if (state === null)
    throw new StartProblem(
      `${JSON.stringify(name)} is no name of a user's object, and display names are encrypted: npm run operate -- list --user <name> finds it.`,
    )
  const hashes = await Promise.all(rootKeysOf(state).map((root) => hashOfName(root, name)))
  const pages = await Promise.all(hashes.map((hash) => questions.usersByName(hash, null, SOME)))
  const found = [...new Set(pages.flatMap(({ items }) => items.map(({ id }) => id)))]
  const [only, ...others] = found
  if (only === undefined)
    throw new StartProblem(
      `No user here has the name ${JSON.stringify(name)}. --user takes a whole name, or the name of a user's object.`,
    )
  if (others.length > 0)
    throw new StartProblem(
      `Several users have the name ${JSON.stringify(name)}: --user takes one of ${found.join(', ')}.`,
    )
  return only
}

/** As users/audit/directory.ts makes it. */
async function hashOfName(root: RootKey, name: string): Promise<string> {
  const key = await deriveSigningKey(root, signingPurposes.directoryName)
  const text = new TextEncoder().encode(name.toLowerCase())
  return toBase64Url(await crypto.subtle.sign('HMAC', key, text))
}

function rootKeysOf(state: string): readonly RootKey[] {
  const settings = readLocal(state)
  const read = readRootKeys(settings['ROOT_KEYS'], settings['COOKIE_ENCRYPTION_KEY'])
  if (!read.ok) throw new StartProblem(`ROOT_KEYS of ${state} ${read.error}.`)
  return read.value
}
