import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { AuditEvent } from '#events/event.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { roles } from '#lib/roles.ts'
import { ActProgress, type ActTarget, ErrorBody } from '#operate/api-schema.ts'
import { newOperatorToken } from '#operate/operator-token.ts'
import type { NewOperatorSession } from '#users/operators/operator-api.ts'
import { makeUserId, userName } from '#users/base/user-id.ts'
import { ISSUER, REDIRECT_URI, ROOT_KEYS } from '../settings.ts'
import type { Answer } from '../wire.ts'
import type { User } from './journeys.ts'
import { retryAfter, send } from './send.ts'
import { checkLog, drain } from './shipping.ts'

/** With these settings `/operate` exists. */
export const OPERATED = { OPERATOR_GROUP: 'mcp-operators', AUDITOR_GROUP: 'mcp-auditors' }

const read = readRootKeys(ROOT_KEYS, undefined)
if (!read.ok) throw new Error(read.error)
const [rootKey] = read.value

const seconds = () => Math.floor(Date.now() / 1000)

/** The word for an answer of the operator API; `done` for every answer that is no denial. */
export function wordOf(answer: Answer): string {
  const { status, headers, text } = answer
  if (headers.get('cache-control') !== 'no-store') return `${status}, which a cache may store`
  if (status === 200) return 'done'
  const { code, incident } = ErrorBody.parse(JSON.parse(text)).error
  if (status !== 503) return `${status} ${code}`
  const isWhole = code === 'unavailable' && incident !== undefined && retryAfter(answer) > 0
  return isWhole ? 'later' : `503 ${code}`
}

/** An operator, with every role and signed in a moment ago unless changed. */
export class Operator {
  readonly #token: string
  readonly user: User
  /** The name of their object. */
  readonly name: string

  private constructor(token: string, name: string, user: User) {
    this.#token = token
    this.name = name
    this.user = user
  }

  static async signIn(change: Partial<NewOperatorSession> = {}): Promise<Operator> {
    const userId = await makeUserId(rootKey, ISSUER, crypto.randomUUID())
    const { text, session } = await newOperatorToken(userId)
    const [name = ''] = userId.split('.')
    const user = env.USER.getByName(name)
    await user.openOperator(session, {
      roles: [...roles],
      userName: 'Grace',
      preferredUsername: 'grace',
      authenticatedAtSeconds: seconds(),
      network: '192.0.2.0/24',
      agent: 'node',
      ...change,
    })
    return new Operator(text, name, user)
  }

  get(path: string): Promise<Answer> {
    return send(`/operate/v1${path}`, { headers: this.#headers })
  }

  post(path: string, body: object): Promise<Answer> {
    const headers = { ...this.#headers, 'content-type': 'application/json' }
    return send(`/operate/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  act(target: ActTarget, act: string): Promise<Answer> {
    return this.post('/acts', { act, target, reason: 'ticket 42' })
  }

  /** One act, from its first step until every object has answered. */
  async finish(target: ActTarget, act: string = crypto.randomUUID()): Promise<ActProgress> {
    return this.goOn(progressOf(await this.act(target, act)))
  }

  async goOn(begun: ActProgress): Promise<ActProgress> {
    let progress = begun
    while (progress.next !== null) progress = progressOf(await this.step(progress))
    return progress
  }

  /** The next step of an act on a client. */
  step({ act, next }: ActProgress): Promise<Answer> {
    return this.post(`/acts/${act}/continue`, { next })
  }

  /** What the operator's own chain says of an act. */
  async recordOf(act: string): Promise<string[]> {
    const events = await checkLog(this.user)
    return events.flatMap((event) => ('act' in event && event.act === act ? [wordOfEvent(event)] : []))
  }

  get #headers() {
    return { authorization: `Bearer ${this.#token}` }
  }
}

const wordOfEvent = (event: AuditEvent): string =>
  event.type === 'operator.began' ? 'began' : event.type === 'operator.ended' ? event.outcome : event.type

export function progressOf(answer: Answer): ActProgress {
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
  return ActProgress.parse(JSON.parse(answer.text))
}

export interface KnownUser {
  name: string
  user: User
  grant: string
}

let count = 0

/** A user with one grant of this client, whom D1 knows. No login runs: hundreds of them would take too long. */
export async function knownUser(client: string, subject: string = crypto.randomUUID()): Promise<KnownUser> {
  const name = await userName(ISSUER, subject)
  const user = env.USER.getByName(name)
  count += 1
  const grant = `grant-${String(count).padStart(10, '0')}`
  await user.openGrant({
    id: grant,
    record: { value: JSON.stringify({ clientId: client }), expiresAtSeconds: null },
    client,
    shown: { name: 'Client', domain: null, redirectUri: REDIRECT_URI },
    userName: 'Ada',
    preferredUsername: 'ada',
    pingOneSession: 'sid',
    downstreamScopes: ['todo:read'],
    accessToken: 'the-access-token',
    refreshToken: null,
    downstreamEndsAtSeconds: seconds() + 3600,
    environment: null,
  })
  await drain(user)
  return { name, user, grant }
}

/** Why the grants of a user have ended; null: they live. */
export async function endsOf({ user }: Pick<KnownUser, 'user'>): Promise<(string | null)[]> {
  const { grants } = await user.describeForOperator()
  return grants.map(({ ended }) => ended?.reason ?? null)
}
