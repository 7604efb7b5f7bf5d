import { expect, test } from 'vitest'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

test('the metadata names no grant that goes without a user, and no answer but a code', async () => {
  const { server } = await story.newClient()
  expect(server).toMatchObject({
    grant_types_supported: ['authorization_code', 'refresh_token'],
    response_types_supported: ['code'],
  })
})

test('no other grant brings a token, though all that it asks for is real', async () => {
  const client = await story.newClient({ token_endpoint_auth_method: 'client_secret_post' })
  const { client_secret: secret } = client.registration ?? {}
  const { tokens } = await story.signInWith(await story.newClient())
  const oauth = 'urn:ietf:params:oauth:grant-type'
  const asked = [
    { grant_type: 'client_credentials', scope: 'todo:read' },
    { grant_type: 'password', username: 'ada', password: 'demo' },
    { grant_type: `${oauth}:device_code`, device_code: 'x' },
    { grant_type: `${oauth}:jwt-bearer`, assertion: tokens.access_token },
    {
      grant_type: `${oauth}:token-exchange`,
      subject_token: tokens.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    },
  ]
  for (const parameters of asked) {
    const reply = await client.token({ client_secret: secret, ...parameters })
    expect([parameters.grant_type, reply]).toMatchObject([
      parameters.grant_type,
      { status: 400, body: { error: 'unsupported_grant_type' } },
    ])
  }
})

test('nobody registers for such a grant', async () => {
  for (const grant of ['client_credentials', 'password']) {
    const registering = story.newClient({ grant_types: [grant, 'authorization_code', 'refresh_token'] })
    await expect(registering).rejects.toThrow(/400 .*invalid_client_metadata/)
  }
})
