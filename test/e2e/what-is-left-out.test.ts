import { expect, test } from 'vitest'
import { connectMcp, MCP_CLIENTS, withSignIn } from '#harness/mcp-clients.ts'
import { storyContext } from '#harness/story.ts'

test('no client needs what is left out of the bundle', async () => {
  const { mcpUrl, newUser, logs } = storyContext()
  for (const kind of MCP_CLIENTS) {
    const user = newUser()
    await using connection = await connectMcp(kind, mcpUrl, { signIn: { user } })
    await withSignIn(connection, () => connection.callTool('whoAmI'))
    await withSignIn(connection, () => connection.callTool('listTodos', { surprise: true }).catch(() => {}))
  }
  expect(logs('mcp')).not.toContain('left out of the bundle')
})
