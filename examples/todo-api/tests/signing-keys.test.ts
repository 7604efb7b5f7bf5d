import { afterEach, expect, test, vi } from 'vitest'

import { KeysUnreachable, SigningKeys } from '../src/signing-keys.ts'
import { openIssuer, problemOf, todosOf } from './support.ts'

afterEach(() => {
  vi.useRealTimers()
})

const statuses = (answers: Response[]) => answers.map(({ status }) => status)

test('keys are fetched once for many requests, also for requests at once', async () => {
  const issuer = await openIssuer()
  const signing = await issuer.rotateTo('one')
  const answers = await Promise.all(Array.from({ length: 20 }, () => issuer.listWith(signing)))
  expect(new Set(statuses(answers))).toEqual(new Set([200]))
  expect((await issuer.listWith(signing)).status).toBe(200)
  expect(await issuer.asked()).toBe(1)
})

test('a rotated key is found at once, also by requests at once', async () => {
  const issuer = await openIssuer()
  const before = await issuer.rotateTo('one')
  expect((await issuer.listWith(before)).status).toBe(200)
  const after = await issuer.rotateTo('two')
  const answers = await Promise.all(Array.from({ length: 5 }, () => issuer.listWith(after)))
  expect(statuses(answers)).toEqual([200, 200, 200, 200, 200])
  expect((await issuer.listWith(before)).status).toBe(401)
  expect(await issuer.asked()).toBe(2)
})

test('key ids that strangers make up ask the issuer once per pause', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const issuer = await openIssuer()
  const known = await issuer.rotateTo('known')
  for (const kid of ['a', 'b', 'c', 'd']) {
    expect((await issuer.listWith({ ...known, header: { kid } })).status).toBe(401)
  }
  expect(await issuer.asked()).toBe(2)

  vi.setSystemTime(Date.now() + 11_000)
  expect((await issuer.listWith({ ...known, header: { kid: 'e' } })).status).toBe(401)
  expect(await issuer.asked()).toBe(3)
})

test.each(['down', 'moved', 'html', 'empty', 'huge', '{"keys":7}'])(
  'an issuer whose answer is %s is an outage, not a bad token, and over when the issuer is back',
  async (trouble) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const issuer = await openIssuer()
    const signing = await issuer.rotateTo('one')
    await issuer.publish(trouble)
    const answer = await issuer.listWith(signing)
    expect(answer.headers.get('Retry-After')).toBe('5')
    expect(answer.headers.get('WWW-Authenticate')).toBeNull()
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'keys_unreachable' })

    const back = await issuer.rotateTo('one')
    vi.setSystemTime(Date.now() + 5_000)
    expect((await issuer.listWith(back)).status).toBe(200)
  },
)

test('keys serve on through an outage of the issuer, for an hour', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const issuer = await openIssuer()
  const signing = await issuer.rotateTo('one')
  expect((await issuer.listWith(signing)).status).toBe(200)
  await issuer.publish('down')
  vi.setSystemTime(Date.now() + 11 * 60_000)
  expect(statuses([await issuer.listWith(signing), await issuer.listWith(signing)])).toEqual([200, 200])
  expect(await issuer.asked()).toBe(2)
  vi.setSystemTime(Date.now() + 60 * 60_000)
  expect((await issuer.listWith(signing)).status).toBe(503)
})

test('a key that is unknown during an outage is not called a bad token', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const issuer = await openIssuer()
  const before = await issuer.rotateTo('one')
  expect((await issuer.listWith(before)).status).toBe(200)
  const after = await issuer.rotateTo('two')
  await issuer.publish('down')
  expect(statuses([await issuer.listWith(after), await issuer.listWith(after)])).toEqual([503, 503])
  expect((await issuer.listWith(before)).status).toBe(200)
})

test('an issuer that never answers is given up at the deadline', async () => {
  const issuer = await openIssuer()
  await issuer.publish('silent')
  const keys = new SigningKeys(issuer.issuer, { deadlineMs: 50 })
  await expect(keys.find({ alg: 'RS256' }, { payload: '', signature: '' })).rejects.toBeInstanceOf(
    KeysUnreachable,
  )
})

test('the same subject at two issuers is two users', async () => {
  const here = await openIssuer()
  const there = await openIssuer()
  const sub = crypto.randomUUID()
  const added = await here.call('POST', await here.rotateTo('one'), { sub }, { todoText: 'only here' })
  expect(await todosOf(added)).toHaveLength(1)
  expect(await todosOf(await there.call('GET', await there.rotateTo('one'), { sub }))).toEqual([])
})
