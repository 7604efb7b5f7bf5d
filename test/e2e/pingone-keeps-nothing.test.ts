import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

// Unusable tokens are revoked at PingOne. This does not cover tokens that PingOne does not refresh.
const story = storyContext()
afterEach(() => story.emulator.reset())

const familiesOf = async (username: string) =>
  (await story.emulator.state()).families.filter((family) => family.username === username)

test.for([
  { idToken: 'wrong-acr' },
  { idToken: 'wrong-nonce' },
  { idToken: 'missing' },
  { accessToken: 'wrong-audience' },
  { accessToken: 'no-sid' },
])('a login that our checks refuse (%o) leaves no live token at PingOne', async (switches) => {
  const user = story.newUser()
  await story.emulator.set(switches)
  const { url } = (await story.newClient()).authorize()
  const { answer } = await signIn(new Browser(), url, { user })
  expect(answer?.get('error')).toBe('server_error')
  await expect
    .poll(async () => (await familiesOf(user.username)).map(({ endedBecause }) => endedBecause))
    .toEqual(['revoked'])
})

test.for([{ refreshTokens: 'none' }, { offlineAccess: true }])(
  'without a refresh token (%o) access lasts as long as PingOne’s, says so, and the log names both causes',
  async (switches) => {
    await story.emulator.set({ ...switches, accessTokenSeconds: 600 })
    const client = await story.newClient()
    const { tokens } = await story.signInWith(client)
    expect(tokens.expires_in).toBeLessThanOrEqual(600)
    expect(tokens.expires_in).toBeGreaterThan(570)
    const refreshed = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
    expect(refreshed.expires_in).toBeLessThanOrEqual(600)
    expect((await callToolStateless(client, refreshed.access_token, 'listTodos')).status).toBe(200)
    const [, grant = ''] = tokens.access_token.split(':')
    const lines = () => story.logs('mcp').split('\n')
    await expect
      .poll(() => lines().find((line) => line.includes('login.not-renewable') && line.includes(grant)))
      .toMatch(/Refresh Token.*offline_access/)
  },
)

test('a refreshed token of somebody else is used for nothing, and nobody is signed out for it', async () => {
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { tokens, user } = await story.signInWith(client)
  for (const defect of [
    { idToken: 'other-subject' },
    { idToken: 'wrong-acr' },
    { accessToken: 'wrong-acr' },
  ]) {
    await story.emulator.set(defect)
    const refused = await callToolStateless(client, tokens.access_token, 'listTodos')
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true])
    await story.emulator.set({ idToken: null, accessToken: null })
  }
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
  expect((await familiesOf(user.username)).map(({ alive }) => alive)).toEqual([true])
})

test('a renewed token is good with each type that PingOne may write on it', async () => {
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  for (const typ of ['at+jwt', 'none', 'JWT']) {
    await story.emulator.set({ typ })
    expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
  }
})

test('where PingOne cannot be told, the client hears no later and the log says so', async () => {
  await story.emulator.set({ idToken: 'wrong-acr', faults: { revoke: '503' } })
  const before = story.logs('mcp').split('login.not-revoked').length
  const { url } = (await story.newClient()).authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  expect(answer?.get('error')).toBe('server_error')
  await expect.poll(() => story.logs('mcp').split('login.not-revoked').length).toBe(before + 1)
})
