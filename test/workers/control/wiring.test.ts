import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readPolicyText } from '#control/documents.ts'
import { todos } from '#todos/index.ts'
import { makeIsolate } from '#wiring/isolate.ts'
import { makePolicies } from '#wiring/policy.ts'
import { POLICY_TEXTS } from '#wiring/policy-texts.ts'
import { control, documentText, editor, freshControl, hashOf } from './story.ts'
import { clock, outage } from './worker.ts'

freshControl()

/** A new isolate of a deployment, with the objects of these tests. */
function isolate() {
  const deadlines = { pingoneMs: 1000, apiMs: 1000, toolMs: 1000, documentMs: 1000, storageMs: 1000 }
  const fetch = async () => new Response(null, { status: 503 })
  const policies = makePolicies(
    makeIsolate({ product: todos, deps: { fetch, nowMs: () => clock.nowMs, deadlines } }),
  )
  const later: Promise<unknown>[] = []
  return {
    head: (notBeforeMs?: number) => policies.head(env, (work) => later.push(work), notBeforeMs),
    policyOf: (hash: string) => policies.policyOf(env, hash),
    settle: async () => {
      while (later.length > 0) await later.shift()
    },
  }
}

test('the documents that a deployment carries arrive as text, and are valid', async () => {
  for (const text of Object.values(POLICY_TEXTS))
    expect(await readPolicyText(text)).toMatchObject({ ok: true })
})

test('the first request of a first deployment has the carried document adopted and compiled', async () => {
  const { head, policyOf } = isolate()
  const first = await head()
  expect(first?.policy).toBe(await hashOf(POLICY_TEXTS.default))
  const policy = await policyOf(first?.policy ?? '')
  expect(policy?.hash).toBe(first?.policy)
  expect(await control().readHead()).toEqual(first)
})

test('a document that an editor applied is fetched by its hash, compiled once, and decides', async () => {
  const { head, policyOf } = isolate()
  const before = await head()
  const text = documentText('allow', 1, 'listTodos')
  await control().apply(text, before?.policy ?? '', editor('grace'), true)
  clock.nowMs += 3_001
  const after = await head()
  expect(after?.policy).toBe(await hashOf(text))
  const policy = await policyOf(after?.policy ?? '')
  const decision = policy?.decide({
    phase: 'call',
    subject: { app: 'todos', kind: 'tool', names: ['listTodos'] },
    user: { id: 'ada', groups: [], claims: {}, acr: '' },
    client: { id: 'client', domain: '', kind: 'registered' },
    request: { network: '', authAgeSeconds: 0, transport: 'stateless' },
    nowMs: clock.nowMs,
    args: {},
  })
  expect(decision).toMatchObject({ effect: 'deny', rule: 'rule-1' })
  outage.isOn = true
  expect(await policyOf(after?.policy ?? '')).toBe(policy)
})

test('a document that nobody has, and one that cannot be fetched, are no policy', async () => {
  const { head, policyOf } = isolate()
  await head()
  expect(await policyOf(await hashOf(documentText('deny', 7)))).toBeNull()
  outage.isOn = true
  expect(await policyOf(await hashOf(documentText('deny', 8)))).toBeNull()
})

test('an isolate keeps four compiled documents', async () => {
  const { head, policyOf } = isolate()
  let base = (await head())?.policy ?? ''
  const hashes: string[] = []
  for (const n of [1, 2, 3, 4, 5]) {
    const text = documentText('deny', n)
    await control().apply(text, base, editor('grace', n), false)
    base = await hashOf(text)
    hashes.push(base)
    expect(await policyOf(base)).not.toBeNull()
  }
  const [first = '', second = ''] = hashes
  outage.isOn = true
  expect(await policyOf(second)).not.toBeNull()
  expect(await policyOf(first)).toBeNull()
})
