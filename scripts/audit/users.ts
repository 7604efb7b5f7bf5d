import type { AuditQuestions } from '#audit/read-questions.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import { readRootKeys, type RootKey } from '#lib/root-keys.ts'
import type { DirectoryUser } from '#operate/api-schema.ts'
import { usersByName } from '#operate/directory.ts'
import { readLocal } from '../doctor/read-settings.ts'

/** A user as commands print them: `ada (Ada Lovelace)`. Null: PingOne gives neither name. Not escaped. */
export function userLabel({ username, name }: Pick<DirectoryUser, 'username' | 'name'>): string | null {
  if (username === null || name === null || username === name) return username ?? name
  return `${username} (${name})`
}

const MOST_LISTED = 10

/** The one user with this username or display name. `state`: the folder of the local log; null: it is another log. */
export async function findLocalUser(
  questions: AuditQuestions,
  name: string,
  state: string | null,
): Promise<DirectoryUser> {
  if (state === null)
    throw new StartProblem(
      `${JSON.stringify(name)} is no name of a user's object, and other names are encrypted: npm run operate -- list --user <name> finds it.`,
    )
  const [user, ...others] = await usersByName(name, { questions, config: { rootKeys: rootKeysOf(state) } })
  if (user === undefined)
    throw new StartProblem(
      `No user here has the name ${JSON.stringify(name)}. --user takes a username, a whole display name, or the name of a user's object.`,
    )
  if (others.length > 0) {
    const listed = [user, ...others].slice(0, MOST_LISTED).map(describeUser)
    throw new StartProblem(
      `Several users have the name ${JSON.stringify(name)}. --user takes the name of an object, or the username:\n${listed.join('\n')}`,
    )
  }
  return user
}

/** On one line, without hidden characters. */
export const describeUser = (user: DirectoryUser): string =>
  `${user.id}  ${withHiddenEscaped(userLabel(user) ?? '(no name)')}`

function rootKeysOf(state: string): readonly RootKey[] {
  const settings = readLocal(state)
  const read = readRootKeys(settings['ROOT_KEYS'], settings['COOKIE_ENCRYPTION_KEY'])
  if (!read.ok) throw new StartProblem(`ROOT_KEYS of ${state} ${read.error}.`)
  return read.value
}
