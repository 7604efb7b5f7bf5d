import { callPolicies } from '#harness/policy.ts'
import { served } from '#harness/product.ts'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { ok } from '#lib/result.ts'
import type { Caller } from '#mcp/calls/caller.ts'
import { actOnWordOfModel, confirmFirst } from '#mcp/calls/confirm-first.ts'
import { type Consent, subjectOf } from '#mcp/calls/consent.ts'
import { invoke } from '#mcp/calls/invoke-tool.ts'
import type { CallIntent } from '#users/calls/calls.ts'
import { defineTool } from '#catalog/define-tool.ts'

vi.spyOn(console, 'error').mockImplementation(() => {})

const principal = {
  user: 'ada',
  grant: 'g1',
  client: 'c1',
  scopes: ['todo:read', 'todo:write'],
  expiresAtSeconds: 2_000_000_000,
  tokenHash: 'hash',
  canAudit: false,
  isNameHidden: false,
  hidden: [],
}
const confirmation = { question: 'Burn it?', items: [{ id: '1', text: 'the barn' }] }

/** A tool that asks for confirmation, with configurable delays. */
function makeWorld({ askMs = 0, deadlineMs = 5_000, isUnknown = false } = {}) {
  const ran: unknown[] = []
  const intents: CallIntent[] = []
  const outcomes: string[] = []
  const reads: string[] = []
  const work: Promise<unknown>[] = []
  const tool = defineTool({
    name: 'burn',
    title: 'Burn',
    description: 'Use it in tests',
    scopes: ['todo:read', 'todo:write'],
    effect: 'delete',
    input: z.strictObject({ what: z.string() }),
    output: z.object({ said: z.string() }),
    async confirm() {
      await new Promise((resolve) => setTimeout(resolve, askMs))
      return ok(confirmation)
    },
    async run(input) {
      ran.push(input)
      return ok({ said: 'done' })
    },
    isUnknown: () => isUnknown,
    say: ({ said }) => said,
  })
  const caller: Caller = {
    transport: 'stateless',
    message: { meta: undefined },
    origin: { network: '192.0.2.0/24', agent: 'other', bytesIn: 100 },
    userApi: {
      async beginCall(intent) {
        intents.push(intent)
        return { verdict: 'go', call: intent.transaction, downstreamToken: 't', user: { name: null } }
      },
      renewToken: () => Promise.reject(new Error('no token was refused')),
      async endCall(_call, outcome) {
        outcomes.push(outcome)
      },
      async endReads(ends) {
        reads.push(...ends.map(({ outcome }) => outcome))
      },
    },
    deadlineMs,
    policies: callPolicies,
    product: served,
    waitUntil: (promise) => work.push(promise),
  }
  const settled = async <T>(answering: Promise<T>): Promise<T> => {
    const answer = await answering
    for (const promise of work) await promise
    return answer
  }
  const call = async (consent: Consent, more: Partial<Caller> = {}) => {
    const { answer } = await settled(invoke(tool, { what: 'it' }, principal, { ...caller, consent, ...more }))
    return answer.ok ? 'done' : answer.error.reason
  }
  /** The call of a client; `canAsk`: its user is asked, and nobody answers. */
  const confirm = async (isConfirmed: boolean, canAsk: boolean) => {
    const confirmable = { tool, input: { what: 'it', confirm: isConfirmed }, principal, caller }
    const question = await settled(confirmFirst(confirmable))
    if (!('confirmation' in question)) return 'nothing to ask'
    if (canAsk) return 'asks'
    const { isError } = await settled(actOnWordOfModel(confirmable, question))
    return isError === true ? 'denied' : 'done'
  }
  return { tool, call, confirm, ran, intents, outcomes, reads }
}

test('nothing is done without consent, and the record says so', async () => {
  const { call, ran, outcomes } = makeWorld()
  expect(await call(null)).toBe('unconfirmed')
  expect([ran, outcomes]).toEqual([[], ['refused']])
})

test('what is to be confirmed is on record as a read', async () => {
  const { confirm, intents, outcomes, reads } = makeWorld()
  expect(await confirm(false, false)).toBe('denied')
  expect(intents.map(({ step }) => step)).toEqual(['describe'])
  expect([outcomes, reads]).toEqual([[], ['done']])
})

test('the word of a client counts only where nobody can be asked, and is no argument of the tool', async () => {
  const { confirm, ran, intents } = makeWorld()
  expect(await confirm(true, true)).toBe('asks')
  expect(await confirm(false, false)).toBe('denied')
  expect(ran).toEqual([])
  expect(await confirm(true, false)).toBe('done')
  expect(ran).toEqual([{ what: 'it' }])
  // The digest ignores `confirm`, so one idempotency key covers all calls.
  expect(new Set(intents.map(({ argumentsDigest }) => argumentsDigest)).size).toBe(1)
})

test('consent is to exactly what was asked', async () => {
  const { call, ran } = makeWorld()
  const by = 'user' as const
  const other = await subjectOf({ ...confirmation, items: [{ id: '1', text: 'the house' }] })
  expect(await call({ by, subject: other })).toBe('changed_meanwhile')
  expect(ran).toEqual([])
  expect(await call({ by, subject: await subjectOf(confirmation) })).toBe('done')
})

test('what is found out too late is not done later: the client was told that nothing was changed', async () => {
  const { call, ran, outcomes } = makeWorld({ askMs: 60, deadlineMs: 30 })
  expect(await call({ by: 'model' })).toBe('unavailable')
  await new Promise((resolve) => setTimeout(resolve, 90))
  expect([ran, outcomes]).toEqual([[], ['failed']])
})

test('what the client cancelled before it began is not begun', async () => {
  const { call, ran } = makeWorld({ askMs: 10 })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 2)
  expect(await call({ by: 'model' }, { signal: controller.signal })).toBe('unavailable')
  expect(ran).toEqual([])
})

test('a tool of which some effects are unknown is unknown on record, whatever it answers', async () => {
  const { call, outcomes } = makeWorld({ isUnknown: true })
  expect(await call({ by: 'model' })).toBe('done')
  expect(outcomes).toEqual(['unknown'])
})

test('a tool that asks has one argument more, and no other', () => {
  const { tool } = makeWorld()
  expect(Object.keys(tool.input.shape)).toEqual(['what', 'confirm'])
  expect(tool.input.safeParse({ what: 'x', other: 1 }).success).toBe(false)
})
