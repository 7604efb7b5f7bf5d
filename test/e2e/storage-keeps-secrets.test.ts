import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { connectMcp } from '#harness/mcp-clients.ts'
import { newUser } from '#harness/users.ts'
import { storedFiles } from '../support/stored-state.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

test('after a run, storage holds no token of PingOne and no secret in clear', async () => {
  const user = newUser()
  const options = { signIn: { user } }
  await story.emulator.set({ accessTokenSeconds: 30 })
  await using stateful = await connectMcp('sdk-v1', story.mcpUrl, options)
  await using stateless = await connectMcp('sdk-v2-2026', story.mcpUrl, options)
  for (const session of [stateful, stateless]) {
    // Each call finds an expiring token and refreshes it.
    await session.callTool('listTodos')
    await session.callTool('whoAmI')
  }
  await story.emulator.reset()

  const { data } = describeStateFolder(story.stateDir)
  // The MCP server's own storage. The emulator and the API are separate Workers with other rules.
  const stored = storedFiles(join(data, 'mcp'))
  const everything = stored.map(({ text }) => text).join('\n')
  // The encrypted value is there, so the search covers the right place.
  expect(everything).toMatch(/v1\.\w+\.[\w-]{16}\.[\w-]{100,}/)
  // PingOne's access and id tokens are JWTs; the server's own tokens are not. Signed heads of the audit log are, with
  // another algorithm.
  const algorithms = [...everything.matchAll(/(eyJ[\w-]{8,})\.eyJ[\w-]{8,}/g)].map(([, header = '']) =>
    Buffer.from(header, 'base64url').toString('utf8'),
  )
  expect(algorithms.filter((header) => !header.includes('"alg":"EdDSA"'))).toEqual([])
  const settings = storedFiles(story.stateDir)
    .filter(({ path }) => path.endsWith('.env'))
    .map(({ text }) => text)
  const secrets = settings.flatMap((text) => [
    ...text.matchAll(/(?:SECRET|ROOT_KEYS)=["']?(?:\w+:)?([^"'\n]+)/g),
  ])
  expect(secrets.length).toBeGreaterThan(0)
  for (const [, secret = ''] of secrets) expect(everything.includes(secret)).toBe(false)
  for (const { provider } of [stateful, stateless]) {
    const { access_token = '', refresh_token = 'none' } = provider.tokens() ?? {}
    expect(everything.includes(access_token)).toBe(false)
    expect(everything.includes(refresh_token)).toBe(false)
  }
})
