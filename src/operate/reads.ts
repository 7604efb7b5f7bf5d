import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import { eventClient } from '#users/grants/grant.ts'
import type { OperatedUser } from '#users/operators/operator-api.ts'
import type { Handler } from './answer.ts'
import { type ApiDenial, noSuchUser } from './api-denial.ts'
import {
  type Clients,
  ClientsQuery,
  type Cutoffs,
  type Events,
  EventsQuery,
  type Me,
  type Sessions,
  SessionsQuery,
  type ShownUser,
  type SignedOut,
  type UserGrant,
  UserName,
  type Users,
  UsersQuery,
} from './api-schema.ts'
import type { OperateDeps } from './deps.ts'
import { directoryUser, usersByName } from './directory.ts'

const handler = <Input extends z.ZodType, Answer>(
  input: Input,
  run: Handler<Input, Answer>['run'],
): Handler<Input, Answer> => ({ role: 'viewer', input, run })

const NoInput = z.strictObject({})
const DEFAULT_PAGE = 100
const timeOf = (ms: number): string => new Date(ms).toISOString()
const timeOfSeconds = (seconds: number): string => timeOf(seconds * 1000)

/** GET /me */
export const me = handler(NoInput, async (_input, { name, signIn }): Promise<Result<Me, ApiDenial>> => {
  const { userName, preferredUsername, roles, authenticatedAtSeconds, endsAtSeconds } = signIn
  return ok({
    id: name,
    name: userName,
    username: preferredUsername,
    roles,
    authenticatedAt: timeOfSeconds(authenticatedAtSeconds),
    endsAt: timeOfSeconds(endsAtSeconds),
  })
})

/** POST /sign-out: the token is over when this has answered. */
export const signOut = handler(NoInput, async (_input, { user, session }) => {
  await user.closeOperator(session)
  return ok({ signedOut: true } satisfies z.infer<typeof SignedOut>)
})

/** GET /users */
export const listUsers = handler(
  UsersQuery,
  async (query, _operator, deps): Promise<Result<Users, ApiDenial>> => {
    if ('name' in query) return ok({ users: await usersByName(query.name, deps), next: null })
    if ('id' in query) {
      const row = await deps.questions.user(query.id)
      return ok({ users: row === null ? [] : [await directoryUser(row, deps)], next: null })
    }
    const { items, next } = await deps.questions.users(query.after ?? null, query.limit ?? DEFAULT_PAGE)
    return ok({ users: await Promise.all(items.map((row) => directoryUser(row, deps))), next })
  },
)

/** A user whom D1 knows, as their object answers now. A name that D1 does not know reaches no object. */
async function describe(id: string, { records, userNamed }: OperateDeps): Promise<OperatedUser | null> {
  return (await records.isKnownUser(id)) ? userNamed(id).describeForOperator() : null
}

const NO_ROW = { name: null, username: null, firstSeenMs: 0, lastSeenMs: 0 }

/** GET /users/:id */
export const showUser = handler(
  z.strictObject({ id: UserName }),
  async ({ id }, _operator, deps): Promise<Result<ShownUser, ApiDenial>> => {
    const described = await describe(id, deps)
    if (described === null) return err(noSuchUser)
    const row = await deps.questions.user(id)
    // An erased user has no row.
    const user = await directoryUser(row ?? { ...NO_ROW, id }, deps)
    return ok({ ...user, isBlocked: described.isBlocked, grants: described.grants.map(userGrant) })
  },
)

type ListedGrant = OperatedUser['grants'][number]

const clientOf = (grant: ListedGrant) => {
  const { id, domain = null, givenName = null } = eventClient(grant)
  return { id, domain, givenName }
}

const userGrant = (grant: ListedGrant): UserGrant => ({
  id: grant.id,
  client: clientOf(grant),
  openedAt: timeOfSeconds(grant.openedAtSeconds),
  usedAt: timeOfSeconds(grant.usedAtSeconds),
  scopes: grant.scopes,
  sessions: grant.sessions,
  ended:
    grant.ended === null ? null : { reason: grant.ended.reason, at: timeOfSeconds(grant.ended.atSeconds) },
})

/** GET /clients: the clients of one user. */
export const listClients = handler(
  ClientsQuery,
  async ({ user }, _operator, deps): Promise<Result<Clients, ApiDenial>> => {
    const described = await describe(user, deps)
    if (described === null) return err(noSuchUser)
    const byClient = Map.groupBy(described.grants, ({ client }) => client)
    const clients = [...byClient.values()].flatMap((grants) => {
      const newest = grants.toSorted((a, b) => b.openedAtSeconds - a.openedAtSeconds)[0]
      if (newest === undefined) return []
      const live = grants.filter(({ ended }) => ended === null).length
      return {
        ...clientOf(newest),
        live,
        ended: grants.length - live,
        sessions: grants.reduce((sum, { sessions }) => sum + sessions, 0),
        firstOpenedAt: timeOfSeconds(Math.min(...grants.map(({ openedAtSeconds }) => openedAtSeconds))),
        lastUsedAt: timeOfSeconds(Math.max(...grants.map(({ usedAtSeconds }) => usedAtSeconds))),
      }
    })
    return ok({ clients })
  },
)

/** GET /cutoffs */
export const listCutoffs = handler(
  NoInput,
  async (_input, _operator, { cutoffs }): Promise<Result<Cutoffs, ApiDenial>> => {
    const all = await cutoffs.all()
    return ok({
      cutoffs: all.map(({ endedBeforeMs, ...cutoff }) => ({
        ...cutoff,
        endedBefore: timeOf(endedBeforeMs),
      })),
    })
  },
)

/** GET /sessions */
export const listSessions = handler(
  SessionsQuery,
  async ({ after, limit, ...filter }, _operator, { questions }): Promise<Result<Sessions, ApiDenial>> => {
    const { items, next } = await questions.sessions(filter, after ?? null, limit ?? DEFAULT_PAGE)
    return ok({ sessions: [...items], next })
  },
)

/** GET /events */
export const listEvents = handler(
  EventsQuery,
  async (
    { order, after, limit, ...filter },
    _operator,
    { questions },
  ): Promise<Result<Events, ApiDenial>> => {
    const { items, next } = await questions.events(filter, { order, after: after ?? null, limit })
    return ok({ events: [...items], next })
  },
)
