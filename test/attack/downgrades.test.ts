import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { signIn } from '#harness/sign-in.ts'
import { TRANSPORTS, openTransport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

test.for([
  ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
  ['a plain challenge', { code_challenge_method: 'plain' }],
  ['no method', { code_challenge_method: undefined }],
  ['a token in the answer', { response_type: 'token' }],
  ['an id token in the answer', { response_type: 'code id_token' }],
] as const)('T20 a login with %s is refused before anybody is asked', async ([, parameters]) => {
  const client = await story.newClient()
  const page = await new Browser().open(client.authorize(parameters).url)
  expect(page.forms.flatMap(({ buttons }) => buttons.map(({ value }) => value))).not.toContain('approve')
  expect(page.next?.searchParams.has('code') ?? false).toBe(false)
})

test('T35 PKCE holds for clients with a secret too, and a challenge is no verifier', async () => {
  const client = await story.newClient({ token_endpoint_auth_method: 'client_secret_post' })
  const { client_secret } = client.registration ?? {}
  const bare = await new Browser().open(
    client.authorize({ code_challenge: undefined, code_challenge_method: undefined }).url,
  )
  expect(bare.forms).toEqual([])
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  for (const wrong of [undefined, '', challenge, `${verifier}x`]) {
    const reply = await client.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: client.redirectUri,
      client_secret,
      code_verifier: wrong,
    })
    expect([wrong, reply.status]).toEqual([wrong, 400])
  }
})

test.for(TRANSPORTS)(
  'T20 %s: a revision that nobody speaks is refused, and does not open the other transport',
  async (name) => {
    const transport = await openTransport(story, name)
    for (const version of ['2024-01-01', '1.0', '2026-07-28; 2025-11-25', '9999-12-31']) {
      const { status, text } = await transport.send(
        JSON.stringify(transport.message('addTodo', { text: 'downgraded' })),
        {
          'mcp-protocol-version': version,
        },
      )
      expect([version, status]).toEqual([version, 400])
      expect(text).not.toContain('"structuredContent"')
    }
    expect(await transport.todos()).toEqual([])
  },
)
