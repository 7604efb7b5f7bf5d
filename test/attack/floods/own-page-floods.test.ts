import { expect, test } from 'vitest'
import { ORIGIN } from '../../workers/settings.ts'
import { random } from '../../workers/stored-bearer.ts'
import { countStored, flood, network, serverWith } from './server.ts'

const MANY = 500
const form = (fields: Record<string, string>) => ({
  headers: { origin: ORIGIN, cookie: `__Host-me=${madeUp()}` },
  body: new URLSearchParams(fields),
})
const madeUp = () => `${random(22)}.k1.${random(43)}~${random(43)}`

test('made-up pages, forms and sign-ins touch no object and leave nothing behind', async () => {
  const send = serverWith()
  const before = await countStored()
  const pages = await flood(MANY, (at) =>
    send('/me', { method: 'GET', from: network(at), headers: { cookie: `__Host-me=${madeUp()}` } }),
  )
  expect(pages.statuses).toEqual({ 200: MANY })
  for (const path of ['/me/end', '/me/sign-out', '/me/sign-out-of-pingone']) {
    const ends = await flood(MANY, (at) =>
      send(path, { from: network(at), ...form({ grant: random(16), csrf: random(64) }) }),
    )
    expect([path, ends.statuses]).toEqual([path, { 403: MANY }])
  }
  const answers = await flood(MANY, (at) => {
    const state = random(43)
    const cookie = `__Host-sign-in-${state.slice(0, 16)}=v1.k1.${random(16)}.${random(200)}`
    const path = `/signed-in?state=${state}&code=${random(20)}`
    return send(path, { method: 'GET', from: network(at), headers: { cookie } })
  })
  expect(answers.statuses).toEqual({ 400: MANY })
  // PingOne is unreachable here. Otherwise a sign-in only sets a cookie (src/sign-in/own-sign-in.ts).
  await flood(20, (at) => send('/me/sign-in', { from: network(at), headers: { origin: ORIGIN } }))
  expect(await countStored()).toEqual(before)
})

test('who fails too often at these pages waits, and nobody who does not fail', async () => {
  const send = serverWith()
  const from = '198.51.100.77'
  // More than two windows of the platform's counter, because one may end meanwhile.
  const failures = [
    () => send('/me/end', { from, ...form({ grant: random(16), csrf: random(64) }) }),
    () => send(`/step-up/${madeUp()}~${random(32)}`, { method: 'GET', from }),
  ]
  for (const fail of failures) {
    const { statuses } = await flood(1300, fail)
    expect(statuses[429]).toBeGreaterThan(0)
  }
  const pages = await flood(1300, () => send('/me', { method: 'GET', from }))
  expect(pages.statuses).toEqual({ 200: 1300 })
})
