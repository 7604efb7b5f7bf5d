import { StartProblem } from '#harness/local/start-problem.ts'
import { type DirectoryUser, operateRoutes, UserName } from '#operate/api-schema.ts'
import type { Operator } from './operator.ts'
import { usersTable } from './tables.ts'
import { NotDone, shown } from './terminal.ts'

/** The one user with this id, username or whole display name. Lists them if there are several. */
export async function findUser(operator: Operator, text: string): Promise<DirectoryUser> {
  const [user, ...others] = await usersWith(operator, text)
  if (user === undefined)
    throw new NotDone(
      `No user has the id, the username or the whole name ${shown(text)}. npm run operate -- list shows them.`,
    )
  if (others.length > 0)
    throw new StartProblem(
      `Several users have this name. Name one by the username or the id:\n${usersTable([user, ...others])}`,
    )
  return user
}

async function usersWith(operator: Operator, text: string): Promise<readonly DirectoryUser[]> {
  const id = UserName.safeParse(text)
  // A name can look like an id.
  const byId = id.success ? await operator.send(operateRoutes.users, { query: { id: id.data } }) : null
  if (byId !== null && byId.users.length > 0) return byId.users
  return (await operator.send(operateRoutes.users, { query: { name: text } })).users
}

/** How often a client acts for one of its users. */
export interface UserOfClient {
  readonly id: string
  readonly name: string | null
  readonly username: string | null
  readonly live: number
  readonly ended: number
  readonly lastUsedAt: string | null
}

/** Everyone who ever had a grant of the client, as far as the audit log goes back. */
export async function* usersOfClient(operator: Operator, client: string): AsyncGenerator<UserOfClient> {
  const seen = new Set<string>()
  let after: string | undefined
  do {
    const query = { client, type: 'grant.opened', limit: 100, after }
    const { events, next } = await operator.send(operateRoutes.events, { query })
    for (const { user } of events) {
      if (seen.has(user)) continue
      seen.add(user)
      yield await userOfClient(operator, user, client)
    }
    after = next ?? undefined
  } while (after !== undefined)
}

async function userOfClient(operator: Operator, id: string, client: string): Promise<UserOfClient> {
  const reply = await operator.ask(operateRoutes.user, { parameters: { id } })
  if ('denial' in reply && reply.denial.code !== 'not-found') throw new NotDone(reply.denial.sentence)
  // The directory forgets a user who was erased; the log keeps the id.
  if ('denial' in reply) return { id, name: null, username: null, live: 0, ended: 0, lastUsedAt: null }
  const { name, username, grants } = reply.answer
  const ofClient = grants.filter((grant) => grant.client.id === client)
  const live = ofClient.filter(({ ended }) => ended === null).length
  const used = ofClient.map(({ usedAt }) => usedAt).toSorted()
  return { id, name, username, live, ended: ofClient.length - live, lastUsedAt: used.at(-1) ?? null }
}
