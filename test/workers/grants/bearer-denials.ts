import { runInDurableObject } from 'cloudflare:test'
import type { tokenOwner } from '#authorization/token/token-owner.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
import { rootKey } from '#harness/root-key.ts'
import { block, cutOff, endUser, erase, switchOffClient } from '../acts.ts'
import { Client } from '../faults/client.ts'
import { breakDown } from '../faults/faults.ts'
import { startIsolate } from '../faults/world.ts'
import { ORIGIN } from '../settings.ts'
import { type Denial, type DeniedCalls, metadataOf, unauthorized, unavailable } from './denials.ts'
import { type Caller, callerOf, callTool } from './door.ts'
import { endedSentence, passSeconds, postToken } from './support.ts'

type TokenDenial = Extract<Awaited<ReturnType<typeof tokenOwner>>, { ok: false }>['error']
/** The denials of a call are in call-denials.ts. `isKnown` only chooses whose failure is counted; two say what exists. */
type Checked = Exclude<keyof EntryAnswer, 'isKnown' | 'canAudit' | 'hidden' | 'missing' | 'stepUp' | 'start'>

const noSession: Denial = {
  status: 404,
  code: -32_001,
  says: 'Session not found',
  challenge: null,
  retryAfter: null,
}

const MOVED = 'https://moved.example.test'
const partsOf = ({ bearer }: Caller) => (bearer ?? '').split(':')
const madeUp = 'A'.repeat(32)

/** Bearer, rate, tenant and session. A check that is added to `enter` does not compile without a row. */
export const bearerDenials = {
  'token not_ours': [
    {
      title: 'a bearer of no form',
      isUnread: true,
      prepare: async () => ({ bearer: 'x' }),
      denied: unauthorized(),
    },
    {
      title: 'a bearer with a wrong MAC',
      isUnread: true,
      prepare: async (caller) => {
        const [user = '', grant, secret] = partsOf(caller)
        return { bearer: `${user.replace(/[^.]+$/, 'A'.repeat(43))}:${grant}:${secret}` }
      },
      denied: unauthorized(),
    },
    {
      title: 'a bearer under a retired key',
      isUnread: true,
      breaking: () => startIsolate({ ROOT_KEYS: rootKey('k2'), RETIRED_ROOT_KEYS: 'k1' }),
      denied: unauthorized(),
    },
  ],
  'token key_missing': [
    {
      title: 'a bearer under a key that is missing',
      isUnread: true,
      breaking: () => startIsolate({ ROOT_KEYS: rootKey('k2') }),
      denied: unavailable(30),
    },
  ],
  'check bearer': [
    {
      title: 'no bearer',
      isUnread: true,
      prepare: async () => ({ bearer: null }),
      denied: {
        ...unauthorized(),
        says:
          'Sign in to use this server: your MCP client opens a browser for it. If it does not, connect to this server again in ' +
          'the client and choose to sign in.',
        challenge: `Bearer realm="OAuth", resource_metadata="${metadataOf(ORIGIN)}", scope="todo:read"`,
      },
    },
    {
      title: 'an unknown bearer of a known grant',
      prepare: async (caller) => ({ bearer: [...partsOf(caller).slice(0, 2), madeUp].join(':') }),
      denied: unauthorized(),
    },
    {
      title: 'a bearer of an unknown grant',
      prepare: async (caller) => ({ bearer: [partsOf(caller)[0], 'A'.repeat(16), madeUp].join(':') }),
      denied: unauthorized(),
    },
    { title: 'a bearer that has expired', breaking: () => passSeconds(3600), denied: unauthorized() },
    {
      title: 'a bearer for another resource',
      prepare: async () => ({ origin: MOVED }),
      breaking: () => startIsolate({ PUBLIC_ORIGIN: MOVED }),
      denied: unauthorized(undefined, MOVED),
    },
  ],
  // Every other reason: end-reasons.test.ts.
  'check ended': [
    {
      title: 'a bearer that was revoked',
      prepare: async ({ client, bearer }) => {
        await postToken({ client_id: client.id, token: bearer ?? '' })
      },
      denied: unauthorized(),
    },
    {
      title: 'a grant that its client revoked',
      prepare: async ({ client }) => {
        await postToken({ client_id: client.id, token: client.tokens.refresh_token })
      },
      denied: unauthorized(endedSentence('revoked_by_client')),
    },
    {
      title: 'a grant that its user ended',
      prepare: ({ client }) => client.user.endAll('ended_by_user'),
      denied: unauthorized(endedSentence('ended_by_user')),
    },
    {
      title: 'a user who was blocked',
      prepare: ({ client }) => block(client.user),
      denied: unauthorized(endedSentence('blocked')),
    },
    {
      title: 'a client that an operator ended, and whose grant the walk did not find',
      prepare: ({ client }) => cutOff(client.id, false),
      breaking: () => startIsolate(),
      denied: unauthorized(endedSentence('ended_by_operator')),
    },
    {
      title: 'a client that an operator blocked, and whose grant the walk did not find',
      prepare: ({ client }) => cutOff(client.id, true),
      breaking: () => startIsolate(),
      denied: unauthorized(endedSentence('ended_by_operator')),
    },
    {
      title: 'a client that an operator blocked, by a list of before D1 went away',
      prepare: async (caller) => {
        await cutOff(caller.client.id, true)
        passSeconds(6)
        // This request renews the list after its answer.
        await callTool(
          { ...caller, bearer: (await (await Client.register()).signIn()).tokens.access_token },
          {
            name: 'listTodos',
          },
        )
      },
      breaking: () => breakDown('d1', '500'),
      denied: unauthorized(endedSentence('ended_by_operator')),
    },
    {
      title: 'a user whose access an operator ended',
      prepare: ({ client }) => endUser(client.user),
      denied: unauthorized(endedSentence('ended_by_operator')),
    },
    {
      title: 'a user whom an operator erased',
      prepare: ({ client }) => erase(client.user),
      denied: unauthorized(endedSentence('ended_by_operator')),
    },
  ],
  'check waitSeconds': [
    {
      title: 'too many requests of one grant',
      prepare: async (caller) => {
        startIsolate({ REQUESTS_PER_MINUTE: '5' })
        for (let more = caller.session === null ? 0 : 1; more < 5; more += 1)
          await callTool(caller, { name: 'listTodos' })
      },
      denied: {
        status: 429,
        code: -31_000,
        says: 'Too many requests. Nothing was done. Try again later.',
        challenge: null,
        retryAfter: '12',
      },
    },
  ],
  'check isRefused': [
    {
      title: 'settings of another tenant',
      breaking: () => startIsolate({ MCP_SERVER_CLIENT_ID: 'another-application' }),
      denied: unavailable(30),
    },
    {
      title: 'settings of another API',
      breaking: () => startIsolate({ API_IDENTIFIER: 'another-api' }),
      denied: unavailable(30),
    },
  ],
  'check policy': [
    {
      title: 'a client that an operator has switched off',
      prepare: async ({ client }) => {
        await switchOffClient(client.id)
        startIsolate()
      },
      denied: {
        status: 200,
        code: 'tool',
        says: 'An operator of this server has switched this off. Nothing was changed. Its operator says: “It is being repaired.” It stays off until an operator switches it on: do not try again; tell the user.',
        challenge: null,
        retryAfter: null,
      },
    },
  ],
  'check session': [
    {
      title: 'the session of another user',
      only: 'sessions',
      prepare: async ({ revision }) => {
        const other = await (await Client.register()).signIn()
        return { session: (await callerOf(other, revision)).session }
      },
      denied: noSession,
    },
    {
      title: 'the session of another client of the same user',
      only: 'sessions',
      prepare: async ({ revision }) => {
        const subject = crypto.randomUUID()
        const [one, other] = [await Client.register(), await Client.register()]
        const { session } = await callerOf(await one.signIn(subject), revision)
        return { ...(await callerOf(await other.signIn(subject), revision)), session }
      },
      denied: noSession,
    },
    {
      title: 'a session that was closed',
      only: 'sessions',
      prepare: async ({ client, session }) => client.user.closeSession(session?.split('.')[0] ?? ''),
      denied: noSession,
    },
    {
      title: 'a session that is not on the list of its user, and whose object lives',
      only: 'sessions',
      prepare: async ({ client, session }) => {
        const key = `session:${session?.split('.')[0]}`
        await runInDurableObject(client.user, (_, { storage }) => void storage.kv.delete(key))
      },
      denied: noSession,
    },
    {
      title: 'a made-up session',
      only: 'sessions',
      prepare: async () => ({ session: `${'0'.repeat(64)}.${'A'.repeat(43)}` }),
      denied: noSession,
    },
  ],
  outage: [
    {
      title: 'the object of the user fails',
      breaking: () => breakDown('user', '500'),
      denied: unavailable(5),
    },
    {
      title: 'the object of the user is overloaded',
      breaking: () => breakDown('user', '429'),
      denied: unavailable(5),
    },
    {
      title: 'the storage of the user is broken',
      prepare: async ({ client }) =>
        runInDurableObject(client.user, (_, { storage }) => void storage.sql.exec('DROP TABLE calls')),
      denied: unavailable(5),
    },
  ],
} satisfies Record<`token ${TokenDenial}` | `check ${Checked}` | 'outage', DeniedCalls>
