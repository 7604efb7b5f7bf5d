import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

test('T01 a client rides on the approval of another: our page comes first, and nothing reaches PingOne', async () => {
  const browser = new Browser()
  const user = story.newUser()
  // Signed in and consented at PingOne, approved here: the state that a confused deputy abuses.
  await story.signInWith(await story.newClient({ client_name: 'Trusted' }), { browser, user })
  const before = (await story.emulator.state()).counts
  const stranger = await story.newClient({ client_name: 'Stranger' })
  const page = await browser.open(stranger.authorize({ scope: 'todo:read todo:write' }).url)
  expect([page.status, page.next]).toEqual([200, undefined])
  expect(page.text).toContain('Stranger')
  expect((await story.emulator.state()).counts).toEqual(before)
})

test('T01 the same client with more scopes, or another redirect, is asked about anew', async () => {
  const browser = new Browser()
  const user = story.newUser()
  const client = await story.newClient()
  await story.signInWith(client, { browser, user })
  for (const asked of [{ scope: 'todo:read todo:write' }, { redirect_uri: 'http://localhost:40404/done' }]) {
    const { stages } = await signIn(browser, client.authorize(asked).url, { user, stopBefore: 'pingone' })
    expect(stages).toEqual(['consent', 'pingone'])
  }
})

test('T03 whoever listens on this computer gets a page that says so, and no way around it', async () => {
  const client = await story.newClient({ client_name: 'Claude' })
  const page = await new Browser().open(client.authorize().url)
  expect(page.text).toContain('this computer')
  expect(page.text).toContain('not verified')
  expect(page.text).toContain('Any program here could use that name')
  const [form] = page.forms
  const presses = form?.buttons.map(({ value }) => value)
  // Enter submits with the first button, so that must not be the approval.
  expect(presses).toEqual(['deny', 'approve'])
})

test('T33 nothing that is remembered, sent or set stands in for the click', async () => {
  const browser = new Browser()
  const user = story.newUser()
  const client = await story.newClient()
  await story.signInWith(client, { browser, user })
  for (const extra of [
    { prompt: 'none' },
    { decision: 'approve' },
    { approval_prompt: 'auto' },
    { login_hint: user.username },
  ]) {
    const page = await browser.open(client.authorize(extra).url)
    const isHome = page.next?.searchParams.get('error') !== undefined
    expect([page.next?.searchParams.get('code') ?? null, isHome || page.status >= 200]).toEqual([null, true])
    expect(page.next?.pathname ?? '').not.toContain('/as/authorize')
  }
})
