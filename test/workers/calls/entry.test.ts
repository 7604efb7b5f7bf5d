import { expect, test } from 'vitest'
import type { Entry } from '#users/calls/entry.ts'
import { askAbout, HEAD } from '#harness/policy.ts'
import { giveToken, intent, rowsOf, TOKEN, userWith } from './story.ts'
import { clock } from './worker.ts'

const SESSION = 'a'.repeat(64)
const needs = { scopes: ['todo:read'], tool: 'listTodos', network: '192.0.2.0/24' }

const entry = (given: Partial<Entry> = {}): Entry => {
  const {
    grant,
    client: _client,
    policy: _policy,
    ask: _ask,
    ...call
  } = intent({ tool: 'listTodos', effect: 'read' })
  const ask = askAbout('listTodos')
  const bearer = { grant, token: TOKEN, audience: 'x', session: null }
  return { ...bearer, policy: HEAD, ask, needs, call: { ...call, key: null }, ...given }
}

async function userOf(name: string) {
  const user = await userWith(name, 'g1')
  await giveToken(user)
  await user.openSession(SESSION, 'g1', 'client-a')
  return user
}

test('a request that passes every check begins its call, with a token, in one message', async () => {
  const user = await userOf('enters')
  const answer = await user.enter(entry({ session: SESSION }))
  expect(answer).toMatchObject({ session: 'open', missing: [], start: { verdict: 'go' } })
  expect(await rowsOf(user)).toMatchObject([{ tool: 'listTodos', outcome: null }])
})

test.each([
  ['a bearer that is not known', { token: 'made-up' }, { bearer: null }],
  ['a bearer for another resource', { audience: 'https://other.example/mcp' }, { bearer: { audience: 'x' } }],
  ['a grant that is not there', { grant: 'g2' }, { isKnown: false, bearer: null }],
  ['a session that is not open', { session: 'b'.repeat(64) }, { session: 'closed' }],
  [
    'a scope that is missing',
    { needs: { ...needs, scopes: ['todo:read', 'todo:write'] } },
    { missing: ['todo:write'] },
  ],
  ['nothing to call', { call: null }, { missing: [] }],
] satisfies [string, Partial<Entry>, object][])(
  '%s begins nothing and leaves no row',
  async (what, given, answer) => {
    const user = await userOf(what)
    expect(await user.enter(entry(given))).toMatchObject({ ...answer, start: null })
    expect(await rowsOf(user)).toEqual([])
  },
)

test('a bearer that has expired begins nothing', async () => {
  const user = await userOf('late')
  clock.nowMs += 3_600_000
  expect(await user.enter(entry())).toMatchObject({ start: null })
  expect(await rowsOf(user)).toEqual([])
})

test('a grant that has ended says why, and begins nothing', async () => {
  const user = await userOf('ended')
  await user.endGrant('g1', 'revoked_by_client')
  expect(await user.enter(entry())).toMatchObject({ bearer: null, ended: 'revoked_by_client', start: null })
})
