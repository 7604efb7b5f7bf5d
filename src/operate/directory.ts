import type { DirectoryRow } from '#audit/filter.ts'
import type { AuditQuestions } from '#audit/read-questions.ts'
import type { RootKey } from '#lib/root-keys.ts'
import {
  hashOfName,
  hashOfUsername,
  nameInDirectory,
  usernameInDirectory,
} from '#users/audit/directory-names.ts'
import { decrypt, type Place } from '#users/base/encryption.ts'
import { type DirectoryUser, MOST_PAGE } from './api-schema.ts'

/** The directory of users, with its names in clear. Scripts import this file without the types of Workers. */

interface DirectoryDeps {
  config: { rootKeys: readonly RootKey[] }
}

/**
 * The users with this whole name or username, in any case. Names were hashed under the root key that was active then. Equal
 * names of several users are all found.
 */
export async function usersByName(
  name: string,
  deps: DirectoryDeps & { questions: Pick<AuditQuestions, 'usersBy'> },
): Promise<DirectoryUser[]> {
  const { config, questions } = deps
  const found = await Promise.all(
    config.rootKeys.flatMap((root) => [
      hashOfUsername(root, name).then((hash) => questions.usersBy('username', hash, null, MOST_PAGE)),
      hashOfName(root, name).then((hash) => questions.usersBy('name', hash, null, MOST_PAGE)),
    ]),
  )
  const rows = new Map(found.flatMap(({ items }) => items).map((row) => [row.id, row]))
  return Promise.all([...rows.values()].map((row) => directoryUser(row, deps)))
}

export async function directoryUser(
  { id, name, username, firstSeenMs, lastSeenMs }: DirectoryRow,
  { config }: DirectoryDeps,
): Promise<DirectoryUser> {
  return {
    id,
    name: await open(name, nameInDirectory(id)),
    username: await open(username, usernameInDirectory(id)),
    firstSeenAt: new Date(firstSeenMs).toISOString(),
    lastSeenAt: new Date(lastSeenMs).toISOString(),
  }

  async function open(encrypted: string | null, place: Place): Promise<string | null> {
    const text = encrypted === null ? null : await decrypt(config.rootKeys, place, encrypted)
    return text?.ok === true ? text.value : null
  }
}
