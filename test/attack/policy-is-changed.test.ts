import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { Operator } from '#harness/operator.ts'
import { OwnPage } from '#harness/own-page.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless } from '#harness/transport.ts'
import { edsger, grace, mary } from '#harness/users.ts'
import { startWorld, type World } from '#harness/world.ts'
import { PolicyChange, PolicyState, Switches } from '#operate/policy-schema.ts'
import { denialIn, eventsOf, idOf, perform } from '../support/operate.ts'

// As in production, a change that widens access needs two editors.
let world: World
beforeAll(async () => {
  world = await startWorld({ settings: { POLICY_CHANGES: 'two-editors' } })
})
afterAll(() => world.stop())
const here = () => storyContext(world.addresses)

const signIn = (user: Parameters<typeof Operator.signIn>[1], browser = new Browser()) =>
  Operator.signIn(world.addresses.origin, user, browser)

const documentOf = (denied: readonly string[]): string =>
  JSON.stringify({
    version: 1,
    default: 'allow',
    rules: denied.map((tool) => ({
      id: `no-${tool.toLowerCase()}`,
      what: { kind: 'tool', name: tool },
      effect: 'deny',
      says: 'Not today.',
    })),
  })

const stateFor = async (operator: Operator) => PolicyState.parse((await operator.get('/policy')).body)
const decide = (operator: Operator, how: 'confirm' | 'drop', hash: string) =>
  operator.post(`/policy/${how}`, { act: randomUUID(), hash, reason: 'x' })
async function apply(operator: Operator, document: string) {
  const { inForce: base } = await stateFor(operator)
  return operator.post('/policy/apply', { act: randomUUID(), document, base, reason: 'x' })
}
const changeIn = ({ body }: { body: unknown }) => PolicyChange.parse(body)

/** A document that widens access waits; returns who reads it, and its hash. */
async function propose(editor: Operator) {
  const { pending } = await stateFor(editor)
  if (pending !== null) await decide(editor, 'drop', pending.hash)
  const narrow = changeIn(await apply(editor, documentOf(['addTodo', 'deleteTodo'])))
  expect(['in-force', 'unchanged']).toContain(narrow.outcome)
  const { outcome, hash } = changeIn(await apply(editor, documentOf(['deleteTodo'])))
  expect(outcome).toBe('pending')
  return hash
}

test('T45 nobody changes the policy without the role, and nobody switches without theirs', async () => {
  const auditor = await signIn(mary)
  const editorOnly = await signIn(edsger)
  const before = await stateFor(auditor)
  expect(denialIn(await apply(auditor, documentOf(['addTodo'])))).toEqual([403, 'role'])
  expect(denialIn(await decide(auditor, 'confirm', 'A'.repeat(43)))).toEqual([403, 'role'])
  const everything = {
    act: randomUUID(),
    target: { kind: 'everything' },
    says: 'Closed.',
    until: null,
    reason: 'x',
  }
  expect(denialIn(await editorOnly.post('/switches', everything))).toEqual([403, 'role'])
  expect(await stateFor(auditor)).toEqual(before)
  expect(Switches.parse((await auditor.get('/switches')).body).switches).toEqual([])
})

test('T45 T53 an editor cannot confirm their own change, not even with another sign-in', async () => {
  const editor = await signIn(edsger)
  const hash = await propose(editor)
  expect(denialIn(await decide(editor, 'confirm', hash))).toEqual([409, 'conflict'])
  const again = await signIn(edsger)
  const act = randomUUID()
  const refused = await again.post('/policy/confirm', { act, hash, reason: 'x' })
  expect(denialIn(refused)).toEqual([409, 'conflict'])
  expect(await stateFor(again)).toMatchObject({ pending: { hash } })
  await expect
    .poll(async () => (await eventsOf(again, act)).toSorted((a, b) => a.type.localeCompare(b.type)))
    .toMatchObject([
      { type: 'operator.began', operation: 'policy-confirm', subject: hash },
      { type: 'operator.ended', outcome: 'refused', result: 'same-editor' },
    ])
  const other = await signIn(grace)
  expect(changeIn(await decide(other, 'confirm', hash))).toMatchObject({ outcome: 'in-force' })
  expect((await stateFor(other)).history[0]).toMatchObject({ hash, confirmedBy: expect.any(String) })
})

test('T45 T55 a change needs a sign-in of the last five minutes', async () => {
  const { emulator, newUser } = here()
  const user = newUser()
  await emulator.setGroups(user.username, ['mcp-policy-editors', 'mcp-operators'])
  const browser = new Browser()
  await OwnPage.signIn(world.addresses.origin, user, browser)
  await emulator.set({ freshSignOn: 'ignored', sessionAgeSeconds: 320 })
  const stale = await signIn(user, browser)
  await emulator.reset()
  const before = await stateFor(stale)
  expect(denialIn(await apply(stale, documentOf(['listTodos'])))).toEqual([403, 'stale'])
  const target = { kind: 'app', value: 'todos' }
  const off = { act: randomUUID(), target, says: 'Closed.', until: null, reason: 'x' }
  expect(denialIn(await stale.post('/switches', off))).toEqual([403, 'stale'])
  expect(await stateFor(stale)).toEqual(before)
})

test('T45 who is blocked confirms nothing, and what a blocked editor proposed is not confirmed', async () => {
  const { emulator, newUser } = here()
  const [proposer, confirmer] = [newUser(), newUser()]
  for (const { username } of [proposer, confirmer]) await emulator.setGroups(username, ['mcp-policy-editors'])
  const [one, other, boss] = [await signIn(proposer), await signIn(confirmer), await signIn(grace)]
  const hash = await propose(one)
  const before = await stateFor(boss)
  await perform(boss, { operation: 'block-user', user: await idOf(boss, confirmer.username) })
  expect(denialIn(await decide(other, 'confirm', hash))).toEqual([403, 'blocked'])
  await perform(boss, { operation: 'block-user', user: await idOf(boss, proposer.username) })
  const refused = await decide(boss, 'confirm', hash)
  expect(denialIn(refused)).toEqual([409, 'conflict'])
  expect(JSON.stringify(refused.body)).toContain('is blocked by an operator')
  expect(await stateFor(boss)).toEqual(before)
  expect(changeIn(await decide(boss, 'drop', hash))).toMatchObject({ outcome: 'dropped' })
})

test('T43 a token of a client reads and changes no policy, and that of an editor is no bearer', async () => {
  const client = await here().newClient()
  // The same human, as the user of a client.
  const { tokens } = await here().signInWith(client, { user: edsger })
  const asClient = new Operator(world.addresses.origin, tokens.access_token)
  const editor = await signIn(edsger)
  const { inForce } = await stateFor(editor)
  const change = { act: randomUUID(), hash: inForce, base: inForce, reason: 'x' }
  const replies = [
    await asClient.get('/policy'),
    await asClient.get(`/policy/documents/${inForce}`),
    await asClient.get('/switches'),
    await asClient.post('/policy/preview', { hash: inForce }),
    await asClient.post('/policy/apply', { ...change, document: documentOf([]) }),
    await asClient.post('/policy/rollback', change),
    await asClient.post('/policy/confirm', change),
    await asClient.post('/policy/drop', change),
    await asClient.post('/switches', change),
    await asClient.post(`/switches/${randomUUID()}/end`, change),
  ]
  expect(replies.map(denialIn)).toEqual(replies.map(() => [401, 'unauthenticated']))
  expect((await callToolStateless(client, editor.token, 'listTodos')).status).toBe(401)
})
