import { expect, test } from 'vitest'

import { claimsOf, fetchWith, ISSUER, ORIGIN, problemOf, sign } from './support.ts'

const list = async (settings: Record<string, unknown>, scope = 'todo:read') => {
  const token = await sign(claimsOf({ scope }))
  return fetchWith(
    settings,
    new Request(`${ORIGIN}/api/todos`, { headers: { Authorization: `Bearer ${token}` } }),
  )
}

test('all bad settings are named at once, and none of their values', async () => {
  const bad = {
    PINGONE_ISSUER: 'ftp://hunter2.test/as',
    API_IDENTIFIER: undefined,
    API_SCOPE_READ: 'two hunter2',
    API_SCOPE_WRITE: '"hunter2"',
  }
  const answer = await list(bad)
  expect(answer.headers.get('Retry-After')).toBe('60')
  const problem = await problemOf(answer)
  expect(problem).toMatchObject({
    status: 503,
    code: 'settings_invalid',
    contentType: 'application/problem+json',
    settings: ['PINGONE_ISSUER', 'API_IDENTIFIER', 'API_SCOPE_READ', 'API_SCOPE_WRITE'],
  })
  expect(JSON.stringify(problem)).not.toContain('hunter2')
})

test.each([
  '',
  'auth.pingone.com/x/as',
  'https://auth.pingone.com/x/as/',
  'https://auth.pingone.com/x/as?y',
  'https://auth.pingone.com/x/as#y',
  'https://user:pass@auth.pingone.com/x/as',
  ' https://auth.pingone.com/x/as',
  'http://auth.pingone.com/x/as',
  'http://localhost.evil.test/as',
  'http://127.0.0.1.evil.test/as',
  'http://10.0.0.1/as',
  'http://[::2]/as',
  'javascript:alert(1)',
])('the issuer %j is refused', async (issuer) => {
  expect(await problemOf(await list({ PINGONE_ISSUER: issuer }))).toMatchObject({
    status: 503,
    settings: ['PINGONE_ISSUER'],
  })
})

test.each([
  'http://localhost:8789/x/as',
  'http://127.0.0.1:8789/as',
  'http://127.8.9.1/as',
  'http://[::1]:8789/as',
])('plain http is accepted on this machine: %s', async (issuer) => {
  const answer = await list({ PINGONE_ISSUER: issuer })
  // Nothing listens there: the issuer was accepted and its keys were requested.
  expect(await problemOf(answer)).toMatchObject({ status: 503, code: 'keys_unreachable' })
})

test('scopes can be named as the tenant names them, and are todo:read and todo:write when not set', async () => {
  const renamed = {
    PINGONE_ISSUER: ISSUER,
    API_SCOPE_READ: 'todo_api:read',
    API_SCOPE_WRITE: 'todo_api:write',
  }
  expect((await list(renamed, 'todo_api:read')).status).toBe(200)
  expect((await list(renamed, 'todo:read')).status).toBe(403)
  expect((await list({ API_SCOPE_READ: '', API_SCOPE_WRITE: undefined }, 'todo:read')).status).toBe(200)
})
