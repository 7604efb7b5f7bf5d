import { expect, test } from 'vitest'
import { connectMcp, MCP_CLIENTS, withSignIn } from '#harness/mcp-clients.ts'
import { storyContext } from '#harness/story.ts'

test.for(MCP_CLIENTS)(
  'with %s a user signs in to read, and once more when writing needs it',
  async (kind) => {
    const { mcpUrl, newUser } = storyContext()
    const user = newUser()
    await using connection = await connectMcp(kind, mcpUrl, {
      signIn: { user },
      keepsRefreshTokens: kind !== 'sdk-v1',
    })
    const call: typeof connection.callTool = (...call) =>
      withSignIn(connection, () => connection.callTool(...call))
    const text = `bread for ${user.username}`

    expect(await call('listTodos')).toMatchObject({ structuredContent: { todos: [], total: 0 } })
    expect(await call('addTodo', { text })).toMatchObject({ structuredContent: { total: 1 } })
    expect(await call('listTodos')).toMatchObject({ structuredContent: { todos: [{ text }] } })
  },
)
