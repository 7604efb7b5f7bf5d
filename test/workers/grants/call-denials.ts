import { runInDurableObject } from 'cloudflare:test'
import { vi } from 'vitest'
import { z } from 'zod'
import type { CallOutcome, CallStart } from '#users/calls/calls.ts'
import type { StepUpDenial } from '#users/requests/step-ups.ts'
import { rootKey } from '#harness/root-key.ts'
import { breakDown, heal } from '../faults/faults.ts'
import { startIsolate } from '../faults/world.ts'
import { families, switches } from '../pingone.ts'
import { ISSUER, ORIGIN } from '../settings.ts'
import { type Denial, type DeniedCalls, metadataOf, unauthorized, unavailable } from './denials.ts'
import { asked, type Caller, callTool, type ToolCall, YES } from './door.ts'
import { passSeconds, postToken } from './support.ts'

const lacksScope = (says: string): Denial => ({
  status: 403,
  code: -31_000,
  says: `addTodo needs todo:write, which this connection does not have. Nothing was changed. ${says}`,
  challenge:
    `Bearer realm="OAuth", error="insufficient_scope", scope="todo:read todo:write", ` +
    `resource_metadata="${metadataOf(ORIGIN)}", error_description="addTodo needs todo:read and todo:write"`,
  retryAfter: null,
})
const ofTool = (says: string): Denial => ({
  status: 200,
  code: 'tool',
  says,
  challenge: null,
  retryAfter: null,
})
const add = ({ revision }: Caller): ToolCall => ({ name: 'addTodo', args: { text: `read-${revision}` } })
const remove = ({ revision }: Caller): ToolCall => ({ name: 'deleteTodo', args: { id: `read-${revision}` } })
async function askedToRemove(caller: Caller): Promise<Caller> {
  await callTool(caller, add(caller))
  return asked(caller, remove(caller))
}
const addWithKey = (caller: Caller): ToolCall => ({ ...add(caller), key: 'one-key' })
const LINK =
  'Show the user the link below and do not open it yourself: it works once, for 10 minutes, and asks them first. When they have agreed, call addTodo again.\n' +
  `${ORIGIN}/step-up/…`

/** A call with this key, and its outcome, are on record; then SQL may change the record. */
const afterOneCall = (outcome: CallOutcome, sql?: string) => async (caller: Caller) => {
  await callTool(caller, addWithKey(caller))
  await vi.waitUntil(async () => (await caller.client.lastOutcome()) === outcome)
  if (sql !== undefined)
    await runInDurableObject(caller.client.user, (_, { storage }) => void storage.sql.exec(sql))
}

const Narrowed = z.object({ access_token: z.string() })

/** A bearer that the client asked for without the scope to write. */
export async function narrow({ client }: Caller): Promise<{ bearer: string }> {
  const fields = { grant_type: 'refresh_token', refresh_token: client.tokens.refresh_token }
  const { text } = await postToken({ client_id: client.id, ...fields, scope: 'todo:read' })
  return { bearer: Narrowed.parse(JSON.parse(text)).access_token }
}
const NARROWED =
  'The user has allowed it already, but this access token was issued without it. It is there when the client refreshes its access without naming scopes, or connects again: tell the user.'

type Name =
  | 'missing'
  | `step-up ${StepUpDenial['state']}`
  // "denied" follows a question alone: question-to-act.test.ts.
  | `start ${Exclude<CallStart['verdict'], 'go' | 'denied'>}`
  | 'message'

/** Scope, arguments, key, and what becomes of the call. A verdict that is added does not compile without a row. */
export const callDenials = {
  missing: [
    {
      title: 'a scope that is missing, where no link can be made',
      ticked: 'todo:read',
      call: add,
      prepare: async (caller) => {
        // The link is under a key that the operator has taken back.
        startIsolate({ ROOT_KEYS: `${rootKey('k2')},${rootKey('k1')}` })
        await callTool(caller, add(caller))
        startIsolate()
      },
      denied: lacksScope('Ask the user to allow it and connect again.'),
    },
  ],
  'step-up open': [
    {
      title: 'a scope that is missing',
      ticked: 'todo:read',
      call: add,
      denied: lacksScope(LINK),
    },
    {
      title: 'a scope that is missing, asked for again',
      ticked: 'todo:read',
      call: add,
      prepare: async (caller) => void (await callTool(caller, add(caller))),
      denied: ofTool(lacksScope(LINK).says),
    },
  ],
  'step-up denied': [
    {
      title: 'a scope that the user did not allow',
      ticked: 'todo:read',
      call: add,
      prepare: async (caller) => {
        const { text } = await callTool(caller, { name: 'deleteTodo', args: { id: 'x' } })
        const id = /\/step-up\/[^~]+~([\w-]+)/.exec(text)?.[1] ?? ''
        const { subject } = families.at(-1) ?? { subject: '' }
        await caller.client.user.denyStepUp(id, { issuer: ISSUER, subject })
      },
      denied: lacksScope(
        'The user was asked for it a moment ago and did not allow it. Do not ask again unless the user wants it; a new request is possible in 10 minutes.',
      ),
    },
  ],
  'step-up narrowed': [
    {
      title: 'a scope that the bearer was issued without',
      call: add,
      prepare: narrow,
      denied: lacksScope(NARROWED),
    },
  ],
  'start ended': [
    {
      title: 'a session at PingOne that is over',
      prepare: async () => {
        const family = families.at(-1)
        if (family !== undefined) family.isAlive = false
      },
      breaking: () => passSeconds(3550),
      denied: unauthorized('This access has ended.'),
    },
  ],
  'start unavailable': [
    {
      title: 'PingOne is down when it has to renew its token',
      breaking: () => {
        passSeconds(3550)
        breakDown('token', '500')
      },
      denied: unavailable(30, 'This call could not be started. Try again later.'),
    },
    {
      title: 'PingOne does not know this server any more',
      breaking: () => {
        passSeconds(3550)
        switches.knowsClient = false
      },
      denied: unavailable(
        300,
        'This call could not be started: this server gets no token from PingOne until its operator has acted.',
      ),
    },
  ],
  'start repeat': [
    {
      title: 'a write that was done, whose answer is no longer stored',
      call: addWithKey,
      prepare: afterOneCall('done', 'UPDATE calls SET result = NULL'),
      denied: ofTool(
        'This change was made by an earlier call with the same key, whose answer is no longer kept. It was not made again. Call listTodos to see it.',
      ),
    },
  ],
  'start running': [
    {
      title: 'a write that is still running',
      call: addWithKey,
      prepare: afterOneCall('done', 'UPDATE calls SET outcome = NULL, ended_at_ms = NULL, result = NULL'),
      denied: ofTool(
        'This very call is still running; it was not started a second time. Ask again in a moment, with the same key and arguments.',
      ),
    },
  ],
  'start unknown': [
    {
      title: 'a write of unknown outcome',
      call: addWithKey,
      prepare: async (caller) => {
        breakDown('api', '500', { after: 1 })
        await afterOneCall('unknown')(caller)
        heal()
      },
      denied: ofTool(
        'It is unknown whether this change was made. Do not repeat it. Call listTodos, look, and tell the user.',
      ),
    },
  ],
  'start mismatch': [
    {
      title: 'the key of another call',
      call: (caller) => ({ ...addWithKey(caller), args: { text: 'another' } }),
      prepare: afterOneCall('done'),
      denied: ofTool(
        'This idempotency key was used for other arguments. Nothing was changed by this call. Use a new key for a new change.',
      ),
    },
  ],
  'start declined': [
    {
      title: 'a question that the user answered with no',
      only: 'stateless',
      prepare: askedToRemove,
      call: (caller) => ({ ...remove(caller), reply: { action: 'decline' } }),
      denied: ofTool(
        'The client was asked for the consent of the user and answered no. Nothing was changed. Some clients say no by themselves: tell the user, and call again only if they want it.',
      ),
    },
  ],
  'start bad_answer': [
    {
      title: 'an answer of the user that was used before',
      only: 'stateless',
      prepare: async (caller) => {
        const question = await askedToRemove(caller)
        await callTool(question, { ...remove(caller), reply: YES })
        return question
      },
      call: (caller) => ({ ...remove(caller), reply: YES }),
      denied: ofTool(
        'This answer of the user was used before, is too old, or belongs to another call. Nothing was changed by this call. Look with listTodos, and call again from the start.',
      ),
    },
  ],
  message: [
    {
      title: 'arguments that do not fit',
      call: () => ({ name: 'addTodo', args: { text: 7 } }),
      denied: ofTool(
        'These arguments do not fit the tool. Nothing was changed. Look at its input schema and call it again. Not right: text.',
      ),
    },
    {
      title: 'a key that is none',
      call: (caller) => ({ ...add(caller), key: 'no key!' }),
      denied: ofTool(
        'An idempotency key is 1 to 128 letters, digits, dots, underscores, colons or hyphens. Nothing was changed. Call again with such a key.',
      ),
    },
    {
      title: 'the name of no tool',
      call: () => ({ name: 'dropTables' }),
      denied: {
        status: 200,
        code: -32_602,
        says: 'Unknown tool: this server has no tool of this name. Call tools/list to see the tools that it has.',
        challenge: null,
        retryAfter: null,
      },
    },
  ],
} satisfies Record<Name, DeniedCalls>
