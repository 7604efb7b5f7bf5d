import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { GrantRecordService } from '#users/grants/grant-record-service.ts'
import { type Commit, grantKey, tokenKey } from '#users/grants/grant-records.ts'

// A step-up and a token request change the same record concurrently. Neither change may be lost.
const HOUR = 3600
const BOTH = ['todo:read', 'todo:write']

async function withRecords(name: string, act: (scene: ReturnType<typeof makeRecords>) => void) {
  await runInDurableObject(env.USER.getByName(name), (_user, { storage }) => act(makeRecords(storage)))
}

function makeRecords(storage: DurableObjectStorage) {
  const clock = { now: 1000 }
  const records = new GrantRecordService(storage.kv, () => clock.now)
  const ends = clock.now + 100 * HOUR
  const recordOf = (refresh: string | null, scope: string[]) =>
    JSON.stringify({
      id: 'g',
      clientId: 'c',
      scope,
      encryptedProps: 'props',
      ...(refresh === null
        ? { authCodeWrappedKey: 'key of the code' }
        : { refreshTokenId: refresh, previousRefreshTokenWrappedKey: `key of ${refresh}` }),
    })
  const open = (refresh: string | null) =>
    records.create('g', { value: recordOf(refresh, ['todo:read']), expiresAtSeconds: ends })
  const now = (): string => records.snapshot('g', 'any').grant ?? ''
  const scopeNow = (): unknown => (now() === '' ? null : JSON.parse(now()).scope)
  const rotation = (from: string, to: string): Commit => ({
    before: now(),
    presented: from,
    spent: { hash: from, answer: `answer to ${from}`, asked: 'as ever', network: null },
    writes: [
      [grantKey('g'), { value: recordOf(to, JSON.parse(now()).scope), expiresAtSeconds: ends + HOUR }],
      [
        tokenKey('g', `access ${to}`),
        {
          value: JSON.stringify({
            expiresAt: clock.now + HOUR,
            audience: 'mcp',
            scope: ['todo:read'],
            grant: { clientId: 'c' },
          }),
          expiresAtSeconds: clock.now + HOUR,
        },
      ],
    ],
  })
  return { records, clock, ends, open, now, scopeNow, rotation }
}

test('a grant that was widened keeps everything else of its record, and its end', () =>
  withRecords('widen', ({ records, open, now, clock, ends }) => {
    open('r1')
    expect(records.allowed('g')).toEqual(['todo:read'])
    expect(records.widen('g', ['todo:write'])).toBe(true)
    expect(JSON.parse(now())).toEqual({
      id: 'g',
      clientId: 'c',
      scope: BOTH,
      encryptedProps: 'props',
      refreshTokenId: 'r1',
      previousRefreshTokenWrappedKey: 'key of r1',
    })
    expect(records.allowed('g')).toEqual(BOTH)
    clock.now = ends
    expect(records.allowed('g')).toBeNull()
    expect(records.widen('g', ['todo:write'])).toBe(false)
  }))

test('a grant whose code nobody redeemed, and one that is gone, cannot be widened', () =>
  withRecords('unredeemed', ({ records, open, scopeNow }) => {
    expect(records.widen('g', ['todo:write'])).toBe(false)
    open(null)
    expect(records.widen('g', ['todo:write'])).toBe(false)
    expect(scopeNow()).toEqual(['todo:read'])
  }))

test('a refresh that was under way succeeds: its pair is the new one, and the grant stays widened', () =>
  withRecords('race', ({ records, open, rotation, now, scopeNow }) => {
    open('r1')
    const inFlight = rotation('r1', 'r2')
    records.widen('g', ['todo:write'])
    expect(records.commit('g', inFlight)).toEqual({ outcome: 'done' })
    expect(scopeNow()).toEqual(BOTH)
    expect(JSON.parse(now())).toMatchObject({ refreshTokenId: 'r2' })
    expect(records.bearer('g', 'access r2')).toMatchObject({ scopes: ['todo:read'] })
    // A retry after a lost answer gets the same answer.
    expect(records.commit('g', inFlight)).toEqual({ outcome: 'lost', answer: 'answer to r1' })
    expect(records.commit('g', rotation('r2', 'r3'))).toEqual({ outcome: 'done' })
    expect(scopeNow()).toEqual(BOTH)
  }))

test('of two refreshes that a step-up came between one wins, and the other gets its answer', () =>
  withRecords('two', ({ records, open, rotation, scopeNow, now }) => {
    open('r1')
    const [first, second] = [rotation('r1', 'r2'), rotation('r1', 'r3')]
    records.commit('g', first)
    records.widen('g', ['todo:write'])
    expect(records.commit('g', second)).toEqual({ outcome: 'lost', answer: 'answer to r1' })
    expect(JSON.parse(now())).toMatchObject({ refreshTokenId: 'r2', scope: BOTH })
    expect(scopeNow()).toEqual(BOTH)
  }))

test('within its minute a rotated token repeats the answer from before the step-up', () =>
  withRecords('repeat', ({ records, open, rotation, clock }) => {
    open('r1')
    records.commit('g', rotation('r1', 'r2'))
    records.widen('g', ['todo:write'])
    clock.now += 59
    expect(records.snapshot('g', 'r1')).toMatchObject({ repeat: 'answer', answer: 'answer to r1' })
    expect(JSON.parse(records.snapshot('g', 'r2').grant ?? '{}')).toMatchObject({ scope: BOTH })
  }))

test('a code that is redeemed a second time is that, whether its grant was widened or not', () =>
  withRecords('code', ({ records, open, rotation }) => {
    open('r1')
    const second = { ...rotation('r1', 'r2'), spent: null }
    records.widen('g', ['todo:write'])
    expect(records.commit('g', second)).toEqual({ outcome: 'code_reused' })
  }))

test('a revocation ends what was widened', () =>
  withRecords('revoked', ({ records, open, now }) => {
    open('r1')
    const before = now()
    records.widen('g', ['todo:write'])
    expect(
      records.commit('g', { before, presented: 'r1', spent: null, writes: [[grantKey('g'), null]] }),
    ).toEqual({
      outcome: 'revoked',
    })
  }))
