import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { storyContext } from '#harness/story.ts'

// Anyone can register, so one registration must be cheap.
const story = storyContext()
const local = 'http://localhost:33418/done'
const register = async (body: string) => {
  const answer = await fetch(`${story.origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return { status: answer.status, text: await answer.text() }
}
const metadata = (more: object) =>
  JSON.stringify({ client_name: 'x', redirect_uris: [local], token_endpoint_auth_method: 'none', ...more })

test.for([
  ['40 KB of spaces', `${' '.repeat(40_000)}{}`, 413],
  ['17 KB', metadata({ padding: 'x'.repeat(17_000) }), 413],
  [
    'five hundred redirect URIs',
    metadata({ redirect_uris: Array.from({ length: 500 }, () => 'http://[::1]/') }),
    400,
  ],
  ['a name of 10,000 characters', metadata({ client_name: 'x'.repeat(10_000) }), 400],
  ['lists in lists', `${'['.repeat(8000)}${']'.repeat(8000)}`, 400],
  ['an object in place of names', metadata({ client_name: { toString: 'x' } }), 400],
] as const)('T14 %s: refused', async ([, body, status]) => {
  const answer = await register(body)
  expect({ status: answer.status, isShort: answer.text.length < 300 }).toEqual({ status, isShort: true })
})

test('T16 a name that turns text around, hides in it or is markup stands on the page as what it is', async () => {
  const client = await story.newClient({
    client_name: 'Cl\u202Eedu\u200B\u0000al <script>alert(1)</script>',
    logo_uri: 'https://evil.example/logo.png',
  })
  expect(client.registration).toMatchObject({ client_name: 'Cledual <script>alert(1)</script>' })
  const page = await new Browser().open(client.authorize().url)
  expect(page.text).toContain('“Cledual <script>alert(1)</script>”')
  expect(page.markup).not.toMatch(/<script>alert|evil\.example|[\u202E\u200B]/)
})
