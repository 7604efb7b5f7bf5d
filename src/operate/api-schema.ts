import { z } from 'zod'
import { EventFilter, ListedSession } from '#audit/filter.ts'
import { AuditEvent, Operation } from '#events/event.ts'
import { characterCount, cleanText } from '#lib/bounded-text.ts'
import { roles } from '#lib/roles.ts'

/**
 * Every request and answer of the operator API. The server and `npm run operate` both parse with these schemas.
 * The version is in the path: a change that breaks an older command gets a new one.
 */
export const API_PATH = '/operate/v1'

const time = z.iso.datetime({ precision: 3 })
const uuid = z.uuid()
/** The name of a user's object. */
export const UserName = z.string().regex(/^[A-Za-z0-9_-]{22}$/)
const grantId = z.string().regex(/^[A-Za-z0-9_-]{16}$/)
const clientId = z.string().min(1).max(2048)
const sessionHash = z.string().min(1).max(64)

export const MOST_PAGE = 500
/** The most users in one step of an act that walks through all users of a client. */
export const WALK_USERS = 50
const limit = z.coerce.number().int().min(1).max(MOST_PAGE)
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const MOST_REASON = 500

const withOneBlank = (text: string) => text.trim().replaceAll(/ {2,}/g, ' ')

/** One line of visible text. Control and invisible characters are refused, not removed. */
export const Reason = z
  .string()
  .refine((text) => text.trim() !== '', 'A reason is missing.')
  .refine((text) => characterCount(text) <= MOST_REASON, `A reason has at most ${MOST_REASON} characters.`)
  .refine(
    (text) => cleanText(text) === withOneBlank(text),
    'A reason is one line without control or invisible characters.',
  )

// Errors

export const ErrorCode = z.enum([
  /** 400: the request does not fit its schema. */
  'invalid',
  /** 401: the token is missing, expired, signed out, or of another server. */
  'unauthenticated',
  /** 403: the operator is blocked. */
  'blocked',
  /** 403: the operator lacks the role. */
  'role',
  /** 403: the act needs a sign-in of the last 5 minutes. */
  'stale',
  'not-found',
  /** 409: what the change begins from is no longer so, or it is another editor's to do. Nothing was changed. */
  'conflict',
  'too-large',
  'too-many',
  /** 503: an object or the audit log did not answer. The same request may be sent again. */
  'unavailable',
])
export type ErrorCode = z.infer<typeof ErrorCode>
export const ErrorBody = z.object({
  error: z.object({
    code: ErrorCode,
    message: z.string(),
    incident: z.string().optional(),
    /** What is wrong with a policy document, one sentence each. */
    problems: z.array(z.string()).optional(),
  }),
})
export type ErrorBody = z.infer<typeof ErrorBody>

/** The token endpoint answers in the form of RFC 6749. */
export const TokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
})
export const TokenError = z.object({ error: z.string(), error_description: z.string().optional() })

// Reads

/** GET /me */
export const Me = z.object({
  id: UserName,
  name: z.string().nullable(),
  username: z.string().nullable(),
  roles: z.array(z.enum(roles)),
  /** When PingOne authenticated the operator. */
  authenticatedAt: time,
  endsAt: time,
})
export type Me = z.infer<typeof Me>

/** POST /sign-out */
export const SignedOut = z.object({ signedOut: z.literal(true) })

/** GET /users: by whole name or username, by id, or a page of the directory. */
export const UsersQuery = z.union([
  z.strictObject({ name: z.string().min(1).max(400) }),
  z.strictObject({ id: UserName }),
  z.strictObject({ after: UserName.optional(), limit: limit.optional() }),
])
export const DirectoryUser = z.object({
  id: UserName,
  /** Null: PingOne gives none, or its root key is missing. */
  name: z.string().nullable(),
  /** `preferred_username`, which is unique at PingOne. */
  username: z.string().nullable(),
  firstSeenAt: time,
  lastSeenAt: time,
})
export type DirectoryUser = z.infer<typeof DirectoryUser>
/** `next`: the `after` of the next page; null: there is none. */
export const Users = z.object({ users: z.array(DirectoryUser), next: z.string().nullable() })
export type Users = z.infer<typeof Users>

/** `givenName`: what the client calls itself, a claim. `domain`: verified, that of its metadata document. */
const client = { id: z.string(), domain: z.string().nullable(), givenName: z.string().nullable() }

export const UserGrant = z.object({
  id: z.string(),
  client: z.object(client),
  openedAt: time,
  /** The server stores it at most once an hour. */
  usedAt: time,
  scopes: z.array(z.string()),
  /** Open sessions of the session transport. */
  sessions: z.int(),
  ended: z.object({ reason: z.string(), at: time }).nullable(),
})
export type UserGrant = z.infer<typeof UserGrant>

/** GET /users/:id: as the user's object answers now. */
export const ShownUser = DirectoryUser.extend({ isBlocked: z.boolean(), grants: z.array(UserGrant) })
export type ShownUser = z.infer<typeof ShownUser>

/** GET /clients?user= */
export const ClientsQuery = z.strictObject({ user: UserName })
export const Clients = z.object({
  clients: z.array(
    z.object({
      ...client,
      live: z.int(),
      ended: z.int(),
      sessions: z.int(),
      firstOpenedAt: time,
      lastUsedAt: time,
    }),
  ),
})
export type Clients = z.infer<typeof Clients>

/** GET /cutoffs: clients whose access an operator ended or blocked. */
export const Cutoffs = z.object({
  cutoffs: z.array(z.object({ client: z.string(), endedBefore: time, isBlocked: z.boolean(), act: uuid })),
})
export type Cutoffs = z.infer<typeof Cutoffs>

/** GET /sessions */
export const SessionsQuery = z.strictObject({
  user: UserName.optional(),
  client: clientId.optional(),
  isOpen: flag.optional(),
  isAudited: flag.optional(),
  after: z.string().max(200).optional(),
  limit: limit.optional(),
})
export const Sessions = z.object({ sessions: z.array(ListedSession), next: z.string().nullable() })
export type Sessions = z.infer<typeof Sessions>

const ms = z.coerce.number().int().min(0)

/** GET /events: a filter, and the page. */
export const EventsQuery = EventFilter.extend({
  fromMs: ms.optional(),
  toMs: ms.optional(),
  order: z.enum(['oldest', 'newest']).default('newest'),
  after: z.uuidv7().optional(),
  limit: limit.default(100),
})
/** `event` is null and `fault` names fields if another release wrote it, with another schema. */
export const FoundEvent = z.object({
  id: z.string(),
  /** The name of the user's object whose chain it is in. */
  user: z.string(),
  epoch: z.int(),
  seq: z.int(),
  event: AuditEvent.nullable(),
  fault: z.string().nullable(),
})
/** A page before the last may be empty. */
export const Events = z.object({ events: z.array(FoundEvent), next: z.string().nullable() })
export type Events = z.infer<typeof Events>

// Acts

const userOperation = z.enum(['end-user', 'block-user', 'unblock-user', 'erase-user'])
const clientOperation = z.enum(['end-client', 'block-client', 'unblock-client'])

/** What an act does, and to whom. */
export const ActTarget = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('end-grant'), user: UserName, grant: grantId }),
  z.strictObject({ operation: userOperation, user: UserName }),
  z.strictObject({ operation: clientOperation, client: clientId }),
  z.strictObject({ operation: z.literal('audit-session'), session: sessionHash }),
])
export type ActTarget = z.infer<typeof ActTarget>

const affected = z.object({ users: z.int(), grants: z.int() })
export type Affected = z.infer<typeof affected>

/** POST /acts/preview: nothing is changed. */
export const Preview = z.object({
  affects: affected,
  /** Whether it walks through all users of a client. */
  isWalk: z.boolean(),
  /** False: `grants` is an upper bound, because so many users were not asked one by one. */
  isExact: z.boolean(),
})
export type Preview = z.infer<typeof Preview>

/** POST /acts. `act`: a UUID that the caller makes. The same request again does nothing twice. */
export const ActRequest = z.strictObject({ act: uuid, target: ActTarget, reason: Reason })
export type ActRequest = z.infer<typeof ActRequest>

/**
 * The answer of POST /acts and of POST /acts/:act/continue. `next` null: every object has answered, and the act is done.
 * Otherwise the caller sends it to POST /acts/:act/continue, until it is null. `affected` counts what is done so far.
 */
export const ActProgress = z.object({
  act: uuid,
  operation: Operation,
  affected,
  next: z.string().nullable(),
})
export type ActProgress = z.infer<typeof ActProgress>

/** POST /acts/:act/continue, and POST /export/pages. */
export const NextRequest = z.strictObject({ next: z.string().min(1).max(4096) })

/** POST /reveal: the personal fields of one event, or the reason of an act. */
export const RevealRequest = z.strictObject({ act: uuid, event: z.uuidv7(), reason: Reason })
export type RevealRequest = z.infer<typeof RevealRequest>
export const Revealed = z.object({
  act: uuid,
  event: z.uuidv7(),
  what: z.enum(['arguments', 'reason']),
  fields: z.record(z.string(), z.unknown()),
})
export type Revealed = z.infer<typeof Revealed>

/** POST /export: begins an export of the whole log. */
export const ExportRequest = z.strictObject({ act: uuid, reason: Reason })
export type ExportRequest = z.infer<typeof ExportRequest>
/** `lines`: of the file that `npm run audit -- verify --file` reads, in order. `next` null: the export is complete. */
export const ExportPage = z.object({
  act: uuid,
  lines: z.array(z.record(z.string(), z.unknown())),
  next: z.string().nullable(),
})
export type ExportPage = z.infer<typeof ExportPage>

/** Every route of the API: its method, its path below API_PATH, what it takes and what it answers. */
export const operateRoutes = {
  me: { method: 'GET', path: '/me', answer: Me },
  signOut: { method: 'POST', path: '/sign-out', answer: SignedOut },
  users: { method: 'GET', path: '/users', query: UsersQuery, answer: Users },
  user: { method: 'GET', path: '/users/:id', answer: ShownUser },
  clients: { method: 'GET', path: '/clients', query: ClientsQuery, answer: Clients },
  cutoffs: { method: 'GET', path: '/cutoffs', answer: Cutoffs },
  sessions: { method: 'GET', path: '/sessions', query: SessionsQuery, answer: Sessions },
  events: { method: 'GET', path: '/events', query: EventsQuery, answer: Events },
  preview: { method: 'POST', path: '/acts/preview', body: ActTarget, answer: Preview },
  act: { method: 'POST', path: '/acts', body: ActRequest, answer: ActProgress },
  continueAct: { method: 'POST', path: '/acts/:act/continue', body: NextRequest, answer: ActProgress },
  reveal: { method: 'POST', path: '/reveal', body: RevealRequest, answer: Revealed },
  export: { method: 'POST', path: '/export', body: ExportRequest, answer: ExportPage },
  exportPage: { method: 'POST', path: '/export/pages', body: NextRequest, answer: ExportPage },
} as const
