import { beforeEach, expect, test } from 'vitest'
import { readJson, readState, resetEmulator, setSwitches } from './application.ts'
import { origin, send } from './browser.ts'

beforeEach(resetEmulator)

const control = (path: string, init: RequestInit = {}): Promise<Response> =>
  send(`${origin}/__emulator/${path}`, { method: 'POST', ...init })

test('switches change by a merge patch, and null is normal', async () => {
  await setSwitches({ typ: 'none', faults: { token: '503', jwks: '500' } })
  const { switches } = await readJson(await setSwitches({ typ: null, faults: { token: null } }))
  expect(switches).toMatchObject({ typ: 'JWT', faults: { jwks: '500' }, decision: 'ask' })
})

test.each([
  [{ unknown: 1 }],
  [{ decision: 'maybe' }],
  [{ rotationGraceSeconds: -1 }],
  [{ rotationGraceSeconds: '60' }],
  [{ rotationGraceSeconds: 1.5 }],
  [{ replayProtection: 'yes' }],
  [{ flowError: { error: '', description: 'x' } }],
  [{ flowError: { error: 'x' } }],
  [{ flowError: { error: 'x', description: 'x', more: 1 } }],
  [{ extraAccessScopes: 'todo:admin' }],
  [{ extraAccessScopes: ['a b'] }],
  [{ faults: { tokens: '503' } }],
  [{ faults: { token: '504' } }],
  [{ faults: { jwks: 'invalid_grant' } }],
  [{ faults: '503' }],
  [{ toString: 'x' }],
  [[]],
  ['text'],
])('%o is refused and changes nothing', async (patch) => {
  const before = (await readState())['switches']
  const response = await setSwitches(
    Array.isArray(patch) || typeof patch === 'string' ? patch : { typ: 'none', ...patch },
  )
  expect(response.status).toBe(400)
  expect((await readJson(response))['problems']).toHaveLength(1)
  expect((await readState())['switches']).toEqual(before)
})

test('JSON that curl calls a form is JSON', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  expect((await control('switches', { body: '{"typ":"none"}', headers })).status).toBe(200)
})

test('a body that is no JSON is refused', async () => {
  expect((await control('switches', { body: '{' })).status).toBe(400)
})

test('the form of the control page sets what it shows, and leaves the rest', async () => {
  const page = await (await send('/__emulator')).text()
  const form = page.slice(page.indexOf('action="/__emulator/switches"'), page.indexOf('<h2>Sessions'))
  const body = new URLSearchParams()
  for (const [, name = ''] of form.matchAll(/<input name="([^"]+)"/g)) {
    body.set(name, new RegExp(`<input name="${name}" value="([^"]*)"`).exec(form)?.[1] ?? '')
  }
  for (const [, name = '', options = ''] of form.matchAll(/<select name="([^"]+)">([^]*?)<\/select>/g)) {
    body.set(name, /<option value="([^"]*)"\s+selected/.exec(options)?.[1] ?? 'nothing is selected')
  }
  const before = (await readState())['switches']
  expect((await control('switches', { body })).headers.get('location')).toBe('/__emulator')
  expect((await readState())['switches']).toEqual(before)
  body.set('faults.token', '503')
  body.set('flowError.error', 'custom')
  body.set('replayProtection', 'false')
  body.set('extraAccessScopes', 'a b')
  await control('switches', { body })
  expect((await readState())['switches']).toMatchObject({
    faults: { token: '503' },
    flowError: { error: 'custom', description: '' },
    replayProtection: false,
    extraAccessScopes: ['a', 'b'],
  })
})
