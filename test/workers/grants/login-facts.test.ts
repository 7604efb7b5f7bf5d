import { afterEach, expect, test, vi } from 'vitest'
import type { LoginFacts } from '#users/grants/grant.ts'
import { Client } from '../faults/client.ts'
import { heal } from '../faults/faults.ts'
import { User } from '../faults/worker.ts'
import { POLICY } from '../settings.ts'
import { passSeconds, startClock, stopClock } from './support.ts'

// What a grant is given of its login, for the audit log.

afterEach(() => {
  startClock()
  heal()
  vi.restoreAllMocks()
})

/** The logins of the grants that are opened from now on. The objects open them as ever. */
function watchLogins(): () => (LoginFacts | undefined)[] {
  const opening = vi.spyOn(User.prototype, 'openGrant')
  return () => opening.mock.calls.map(([{ login }]) => login)
}

test('a grant is given when its login began, was approved and was completed, and from where', async () => {
  const logins = watchLogins()
  stopClock()
  const beganMs = Date.now()
  const login = (await Client.register()).login()
  login.ticked = ['todo:read']
  expect(await login.step()).toBe('ok')
  passSeconds(20)
  expect(await login.step()).toBe('ok')
  passSeconds(40)
  await login.toCode()
  expect(logins()).toEqual([
    {
      transaction: expect.stringMatching(/^[0-9a-f-]{36}$/),
      startedAtMs: beganMs,
      consentedAtMs: beganMs + 20_000,
      completedAtMs: beganMs + 60_000,
      requested: ['todo:read', 'todo:write'],
      approved: ['todo:read'],
      granted: ['todo:read'],
      network: 'unknown',
      agent: 'other',
      acr: POLICY,
      correlation: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ])
})
