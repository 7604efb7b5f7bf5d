import { env } from 'cloudflare:workers'
import { askAbout, HEAD } from '#harness/policy.ts'
import type { CallStart } from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import type { NewGrant } from '#users/grants/grant.ts'
import { userName } from '#users/base/user-id.ts'
import { ISSUER } from '../settings.ts'
import { newAccessToken, newRefreshToken } from './pingone.ts'
import { runInDurableObject } from 'cloudflare:test'
import { tokenKey } from '#users/grants/grant-records.ts'
import type { StepUpApproval, StepUpDenial, StepUpNeed } from '#users/requests/step-ups.ts'

/** The object of this PingOne subject. */
export const userOf = async (subject: string) => env.USER.getByName(await userName(ISSUER, subject))

export async function newGrant(overrides: Partial<NewGrant> = {}): Promise<NewGrant> {
  return {
    id: 'grant',
    record: { value: JSON.stringify({ clientId: 'client' }), expiresAtSeconds: null },
    client: 'client',
    shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
    userName: 'Ada',
    preferredUsername: 'ada-at-pingone',
    pingOneSession: 'sid',
    downstreamScopes: ['todo:read'],
    accessToken: await newAccessToken(),
    refreshToken: newRefreshToken(),
    downstreamEndsAtSeconds: Math.floor(Date.now() / 1000) + 3600,
    environment: null,
    ...overrides,
  }
}

export const intent = (overrides: Partial<LaterCall> = {}): LaterCall => ({
  policy: HEAD,
  ask: askAbout('listTodos'),
  grant: 'grant',
  client: 'client',
  transport: 'stateless',
  tool: 'listTodos',
  effect: 'read',
  step: 'act',
  key: null,
  transaction: crypto.randomUUID(),
  argumentsDigest: 'x',
  ...overrides,
})

export const tokenOf = (start: CallStart) => (start.verdict === 'go' ? start.downstreamToken : start.verdict)

export const BOTH = ['todo:read', 'todo:write']

const recordOf = (scope: readonly string[]) => ({
  value: JSON.stringify({ clientId: 'client', scope, refreshTokenId: 'r1' }),
  expiresAtSeconds: null,
})

/** Enters with a bearer without scopes, and returns the step-up for those that are needed. */
export async function askFor(
  user: Awaited<ReturnType<typeof userOf>>,
  { grant, ...needs }: StepUpNeed,
): Promise<StepUpDenial | null> {
  const expiresAt = Math.floor(Date.now() / 1000) + 30 * 24 * 3600
  const ofGrant = { clientId: 'client', scope: ['another'] }
  const token = { expiresAt, audience: 'x', scope: [], grant: ofGrant }
  await runInDurableObject(user, (_object, { storage }) => {
    const record = { value: JSON.stringify(token), expiresAtSeconds: expiresAt }
    storage.kv.put(`record:${tokenKey(grant, 'narrowed')}`, record)
  })
  const entry = {
    grant,
    token: 'narrowed',
    audience: 'x',
    session: null,
    policy: HEAD,
    ask: null,
    needs,
    call: null,
  }
  return (await user.enter(entry)).stepUp
}

/** A user with one grant that may read. */
export async function userWithGrant({
  scope = ['todo:read'],
  subject = crypto.randomUUID(),
  ...more
}: { scope?: string[]; subject?: string } & Partial<NewGrant> = {}) {
  const user = await userOf(subject)
  const granted = await newGrant({ record: recordOf(scope), ...more })
  await user.openGrant(granted)
  const open = (grant = 'grant', tool = 'addTodo', scopes = BOTH, network = '192.0.2.0/24') =>
    askFor(user, { grant, scopes, tool, network })
  const approval = async (change: Partial<StepUpApproval> = {}): Promise<StepUpApproval> => ({
    issuer: ISSUER,
    subject,
    scopes: BOTH,
    downstreamScopes: BOTH,
    accessToken: await newAccessToken(),
    refreshToken: newRefreshToken(),
    downstreamEndsAtSeconds: Math.floor(Date.now() / 1000) + 3600,
    environment: null,
    pingOneSession: 'sid',
    ...change,
  })
  const stored = (prefix: string) =>
    runInDurableObject(user, (_object, { storage }) =>
      Array.from(storage.kv.list({ prefix }), ([key, value]) => `${key} ${JSON.stringify(value)}`),
    )
  const scopesNow = async (): Promise<unknown> =>
    JSON.parse((await user.snapshot('grant', 'any', false)).grant ?? '{}').scope
  const idIn = (denial: StepUpDenial | null) => (denial?.state === 'open' ? denial.id : '')
  const openId = async () => idIn(await open())
  return { user, granted, open, openId, idIn, approval, stored, scopesNow }
}

/** Fills the outbox, as an outage of days would. */
export const fill = (user: Awaited<ReturnType<typeof userOf>>, kind: 'common' | 'reserved', count: number) =>
  runInDurableObject(user, (_object, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO outbox (seq, id, at_ms, kind, body)
       SELECT i + (SELECT MAX(seq) FROM outbox),
         '019a0000-0000-7000-8000-' || printf('%06d%06d', ?, i), 0, ?, '{"type":"user.unblocked"}' FROM n`,
      count,
      kind === 'common' ? 1 : 2,
      kind,
    )
  })
