import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { GrantRecordService } from '#users/grants/grant-record-service.ts'
import { type Commit, grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { REPEAT_SECONDS, type SpentToken } from '#oauth-store/spent-tokens.ts'

const HOUR = 3600
const row = (value: unknown, expiresAtSeconds: number | null = null) => ({
  value: JSON.stringify(value),
  expiresAtSeconds,
})

/** A grant whose refresh token is `r1`, and rotations in the library's format. */
async function withRecords(name: string, act: (scene: ReturnType<typeof makeRecords>) => void) {
  await runInDurableObject(env.USER.getByName(name), (_user, { storage }) => act(makeRecords(storage)))
}

function makeRecords(storage: DurableObjectStorage) {
  const clock = { now: 1000 }
  const records = new GrantRecordService(storage.kv, () => clock.now)
  const grantOf = (refresh: string) => ({
    clientId: 'c',
    authCodeId: 'the code',
    refreshTokenId: refresh,
    previousRefreshTokenWrappedKey: `key of ${refresh}`,
  })
  records.create('g', row(grantOf('r1')))
  const rotation = (from: string, to: string, before = records.snapshot('g', from).grant ?? ''): Commit => ({
    before,
    presented: from,
    spent: { hash: from, answer: `answer to ${from}`, asked: 'read', network: null },
    writes: [
      [grantKey('g'), row(grantOf(to))],
      [
        tokenKey('g', `access ${to}`),
        row(
          { expiresAt: clock.now + HOUR, audience: 'mcp', scope: ['read'], grant: { clientId: 'c' } },
          clock.now + HOUR,
        ),
      ],
    ],
  })
  return { records, clock, storage, rotation }
}

test('of two requests that started from the same grant one wins, and the other gets its answer', () =>
  withRecords('race', ({ records, rotation }) => {
    const [first, second] = [rotation('r1', 'r2'), rotation('r1', 'r3')]
    expect(records.commit('g', first)).toEqual({ outcome: 'done' })
    expect(records.commit('g', second)).toEqual({ outcome: 'lost', answer: 'answer to r1' })
    expect(records.bearer('g', 'access r2')).toMatchObject({ client: 'c', scopes: ['read'] })
    expect(records.bearer('g', 'access r3')).toBeNull()
  }))

test('a commit that is asked twice, because its answer was lost, is the same commit', () =>
  withRecords('twice', ({ records, rotation }) => {
    const commit = rotation('r1', 'r2')
    expect(records.commit('g', commit)).toEqual(records.commit('g', commit))
  }))

test('a rotated token repeats its answer for a minute from the first rotation, used or not', () =>
  withRecords('window', ({ records, rotation, clock }) => {
    records.commit('g', rotation('r1', 'r2'))
    records.bearer('g', 'access r2')
    clock.now += REPEAT_SECONDS - 1
    expect(records.snapshot('g', 'r1')).toMatchObject({ repeat: 'answer', answer: 'answer to r1' })
    clock.now += 1
    expect(records.snapshot('g', 'r1')).toMatchObject({ repeat: 'reuse', answer: null })
  }))

test('as long as nothing of the new pair was used, the answer repeats: it may never have arrived', () =>
  withRecords('unused', ({ records, rotation, clock }) => {
    records.commit('g', rotation('r1', 'r2'))
    clock.now += 10 * 24 * HOUR
    expect(records.snapshot('g', 'r1').repeat).toBe('answer')
    expect(records.snapshot('g', 'r1').repeat).toBe('answer')
  }))

test('redeeming the new refresh token counts as use, and the window of the old one does not slide', () =>
  withRecords('chain', ({ records, rotation, clock }) => {
    records.commit('g', rotation('r1', 'r2'))
    clock.now += 30
    records.commit('g', rotation('r2', 'r3'))
    expect(records.snapshot('g', 'r1').repeat).toBe('answer')
    clock.now += 30
    expect(records.snapshot('g', 'r1').repeat).toBe('reuse')
    expect(records.snapshot('g', 'r2').repeat).toBe('answer')
    expect(records.snapshot('g', 'r3').repeat).toBe('none')
  }))

test('an answer that may not be repeated any more is dropped, and its token is still known as spent', () =>
  withRecords('dropped', ({ records, clock, rotation, storage }) => {
    for (const at of [1, 2, 3, 4, 5]) {
      records.commit('g', rotation(`r${at}`, `r${at + 1}`))
      records.bearer('g', `access r${at + 1}`)
      clock.now += HOUR
    }
    const answers = Array.from(
      storage.kv.list<SpentToken>({ prefix: 'spent:g:' }),
      ([, spent]) => spent.answer,
    )
    expect(answers).toEqual(['answer to r5'])
    expect(Array.from(storage.kv.list({ prefix: 'old:g:' }))).toHaveLength(4)
    expect(records.snapshot('g', 'r1')).toMatchObject({ repeat: 'reuse', answer: null })
  }))

test('a secret that no grant ever issued is no repeat and no reuse', () =>
  withRecords('unknown', ({ records, rotation }) => {
    records.commit('g', rotation('r1', 'r2'))
    expect(records.snapshot('g', 'made up')).toMatchObject({ repeat: 'none', answer: null })
  }))

test('a loser that asked for something else gets no answer', () =>
  withRecords('other question', ({ records, rotation }) => {
    const [first, second] = [rotation('r1', 'r2'), rotation('r1', 'r3')]
    records.commit('g', first)
    const other = { ...second, spent: second.spent && { ...second.spent, asked: 'read write' } }
    expect(records.commit('g', other)).toEqual({ outcome: 'lost', answer: null })
  }))

test('the second redemption of a code is told apart from a lost race of refreshes', () =>
  withRecords('code', ({ records, rotation }) => {
    const [first, second] = [rotation('r1', 'r2'), rotation('r1', 'r3')]
    records.commit('g', { ...first, presented: 'the code', spent: null })
    expect(records.commit('g', { ...second, presented: 'the code', spent: null }).outcome).toBe('code_reused')
  }))

test('a revocation never loses; of one access token it ends that one alone', () =>
  withRecords('revocation', ({ records, rotation }) => {
    records.commit('g', rotation('r1', 'r2'))
    const before = 'something older'
    expect(
      records.commit('g', {
        before,
        presented: 'access r2',
        spent: null,
        writes: [[tokenKey('g', 'access r2'), null]],
      }).outcome,
    ).toBe('done')
    expect(records.bearer('g', 'access r2')).toBeNull()
    expect(records.has('g')).toBe(true)
    expect(
      records.commit('g', { before, presented: 'r2', spent: null, writes: [[grantKey('g'), null]] }).outcome,
    ).toBe('revoked')
  }))

test('what is written is about what was presented, or nothing of it is taken', () =>
  withRecords('not presented', ({ records, rotation, storage }) => {
    records.commit('g', rotation('r1', 'r2'))
    const before = [...storage.kv.list()]
    const next = rotation('r2', 'r3')
    const spent = next.spent && { ...next.spent, hash: 'r1' }
    const others: Commit[] = [
      { ...next, presented: 'made up' },
      // A refresh never replaces a token that was already replaced.
      { ...next, presented: 'r1', spent },
      { ...next, spent },
      { ...next, presented: 'r2', spent: null },
      { ...next, presented: 'made up', writes: [[grantKey('g'), null]] },
      { ...next, presented: 'access r2', writes: [[grantKey('g'), null]] },
      { ...next, presented: 'made up', writes: [[tokenKey('g', 'access r2'), null]] },
    ]
    for (const other of others) expect(records.commit('g', other)).toEqual({ outcome: 'not_presented' })
    expect([...storage.kv.list()]).toEqual(before)
    expect(records.commit('g', next)).toEqual({ outcome: 'done' })
    // The grant's first token still revokes it.
    const revocation: Commit = { ...next, presented: 'r1', writes: [[grantKey('g'), null]] }
    expect(records.commit('g', revocation)).toEqual({ outcome: 'revoked' })
  }))

test('erasing leaves nothing of that grant and everything of the others', () =>
  withRecords('erase', ({ records, rotation, storage }) => {
    records.commit('g', rotation('r1', 'r2'))
    records.create('gg', row({ clientId: 'c' }))
    records.erase('g')
    expect([...storage.kv.list()].map(([key]) => key)).toEqual(['record:grant:gg'])
    expect(records.snapshot('g', 'r1')).toMatchObject({ grant: null, repeat: 'none', answer: null })
  }))

test('what ran out is found once: grants by name, and whether their code was ever redeemed', () =>
  withRecords('sweep', ({ records, rotation, clock }) => {
    records.commit('g', rotation('r1', 'r2'))
    records.create('code', row({ clientId: 'c', authCodeWrappedKey: 'x' }, clock.now + 600))
    clock.now += 600
    expect(records.sweep().over).toEqual([{ grant: 'code', wasRedeemed: false }])
    records.erase('code')
    clock.now += HOUR
    expect(records.sweep()).toEqual({ over: [], nextSeconds: null })
    expect(records.bearer('g', 'access r2')).toBeNull()
  }))
