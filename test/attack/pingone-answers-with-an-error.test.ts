import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { OwnPage } from '#harness/own-page.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

// The flow's designer chooses the code and text of errors; neither may look like our own words.
const story = storyContext()
const MARK = 'text-of-the-designer'
const HTML = `<script>alert('${MARK}')</script><a href="https://evil.example">Click</a> (Correlation ID: 3f2a-11)`

afterEach(() => story.emulator.reset())

async function loginThatFails(error: string, description: string) {
  const client = await story.newClient()
  const { url, state } = client.authorize()
  await story.emulator.set({ flowError: { error, description } })
  const end = await signIn(new Browser(), url, { user: story.newUser() })
  return { ...end, state }
}

test.for([
  ['access_denied', 'access_denied'],
  ['invalid_request', 'server_error'],
  ['invalid_client', 'server_error'],
  ['invalid_grant', 'server_error'],
  ['invalid_scope', 'server_error'],
  ['unauthorized_client', 'server_error'],
  ['unsupported_response_type', 'server_error'],
  ['unsupported_grant_type', 'server_error'],
  ['login_required', 'server_error'],
  ['interaction_required', 'server_error'],
  ['consent_required', 'server_error'],
  ['server_error', 'server_error'],
  ['what the designer typed: \u202e<b>', 'server_error'],
  ['x'.repeat(5_000), 'server_error'],
])('error %s goes home as %s, with state and issuer, without a word of PingOne', async ([error, told]) => {
  const { redirect, answer, state } = await loginThatFails(error ?? '', `${MARK} ${HTML}`)
  expect(Object.fromEntries(answer ?? [])).toEqual({
    error: told,
    error_description: expect.stringMatching(/^[A-Z][\w -]{1,60}$/),
    state,
    iss: story.origin,
  })
  expect(redirect?.href).not.toMatch(/designer|evil|alert/)
})

test('a text of 10 KB goes nowhere', async () => {
  const { answer, redirect } = await loginThatFails('access_denied', MARK.repeat(500))
  expect(answer?.get('error')).toBe('access_denied')
  expect(redirect?.href.length).toBeLessThan(500)
})

test('"temporarily unavailable" is a page that goes on: try again, or back to the client', async () => {
  const { stage, page } = await loginThatFails('temporarily_unavailable', HTML)
  expect({ stage, status: page.status }).toEqual({ stage: 'stuck', status: 503 })
  expect(page.markup).not.toContain(MARK)
  expect(page.forms[0]?.buttons.map(({ value }) => value)).toEqual(['approve', 'leave'])
})

test('the log has the code and the correlation id, and none of the text', async () => {
  await loginThatFails('consent_lost', HTML)
  await loginThatFails('login_required\n{"level":"error","event":"typed-into-the-flow"}', HTML)
  const lines =
    /"detail":"consent_lost".*"correlation":"3f2a-11"[^]*"detail":"not a code".*"correlation":"3f2a-11"/
  await expect.poll(() => story.logs('mcp')).toMatch(lines)
  expect(story.logs('mcp')).not.toContain(MARK)
  expect(story.logs('mcp')).not.toContain('typed-into-the-flow')
})

test('a flow policy that is not assigned has a reason of its own in the log, at a login and at a sign-in to /me', async () => {
  await story.emulator.set({ policyAssigned: false })
  const client = await story.newClient()
  const login = await signIn(new Browser(), client.authorize().url, { user: story.newUser() })
  expect(Object.fromEntries(login.answer ?? [])).toMatchObject({
    error: 'server_error',
    error_description: 'This server is not set up correctly at PingOne',
  })
  const refused = (event: string) =>
    story
      .logs('mcp')
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`) && line.includes('"detail":"policy_not_found"'))
  await expect.poll(() => refused('login.refused')).toHaveLength(1)
  expect(refused('login.refused')[0]).toMatch(/"level":"error".*"reason":"misconfigured"/)
  await new OwnPage(story.origin, new Browser()).signInAs(story.newUser())
  await expect.poll(() => refused('sign-in.refused')).toHaveLength(1)
})
