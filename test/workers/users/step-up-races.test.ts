import { runDurableObjectAlarm } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { pingone } from './pingone.ts'
import { BOTH, userWithGrant, intent, tokenOf } from './story.ts'

// A refresh at PingOne runs while an approval replaces the tokens.
beforeEach(() => pingone.reset())

test('a renewal at PingOne that was under way neither takes the new tokens away nor ends the grant', async () => {
  for (const redeemedBefore of [true, false]) {
    const { user, openId, approval } = await userWithGrant({ downstreamEndsAtSeconds: 0 })
    const id = await openId()
    const approved = await approval()
    pingone.takesMs = 1000
    pingone.status = redeemedBefore ? 200 : 400
    const call = user.beginCall(intent())
    await expect.poll(() => pingone.redemptions).toBe(1)
    expect(await user.approveStepUp(id, approved)).toBe('widened')
    // `false`: PingOne revoked the old family during the refresh and answers invalid_grant.
    if (!redeemedBefore) pingone.status = 200
    if (!redeemedBefore)
      for (const token of pingone.live) if (token !== approved.refreshToken) pingone.live.delete(token)
    expect(tokenOf(await call)).toBe(approved.accessToken)
    await runDurableObjectAlarm(user)
    expect([...pingone.live]).toEqual([approved.refreshToken])
    expect((await user.listGrants())[0]).toMatchObject({ ended: null, downstreamScopes: BOTH })
    pingone.reset()
  }
})

test('new tokens that are near their end are renewed, and nobody waits for ever', async () => {
  const { user, openId, approval } = await userWithGrant({ downstreamEndsAtSeconds: 0 })
  const id = await openId()
  pingone.takesMs = 500
  const call = user.beginCall(intent())
  await expect.poll(() => pingone.redemptions).toBe(1)
  await user.approveStepUp(id, await approval({ downstreamEndsAtSeconds: 0 }))
  expect(tokenOf(await call)).toMatch(/^eyJ/)
  expect(pingone.redemptions).toBe(2)
})
