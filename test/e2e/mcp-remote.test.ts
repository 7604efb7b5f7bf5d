import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { addressesIn, makeClientHome, openPrinted, startDesktop } from '#harness/client-program.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { storyContext } from '#harness/story.ts'

const { mcpUrl, newUser } = storyContext()

test.for(['legacy', 'auto'])(
  'mcp-remote (protocol %s) signs a user in to read, again when writing needs it, and not when it is started again',
  async (protocol) => {
    using home = makeClientHome()
    await using reserved = await reservePorts()
    const start = () => startDesktop({ mcpUrl, protocol, callbackPort: reserved.ports.mcp }, home)
    const [user, browser] = [newUser(), new Browser()]
    {
      await using first = start()
      const read = await openPrinted(first.program, 1, user, browser)
      expect(read.scope).toBe('todo:read offline_access')
      expect(read.text).toContain('Authorization successful')
      await first.ready
      const { tools } = await first.client.listTools()
      expect(tools.map(({ name }) => name)).toContain('addTodo')

      const added = first.client.callTool({ name: 'addTodo', arguments: { text: 'bread' } })
      const more = await openPrinted(first.program, 2, user, browser)
      expect(more.scope).toContain('todo:write')
      expect(more.text).toContain('Authorization successful')
      expect(await added).toMatchObject({ structuredContent: { total: 1 } })
    }
    await using second = start()
    await second.ready
    expect(await second.client.callTool({ name: 'listTodos' })).toMatchObject({
      structuredContent: { todos: [{ text: 'bread' }] },
    })
    expect(addressesIn(second.program)).toEqual([])
    const isStateless = second.program.lines.some((line) => line.includes('speaks MCP 2026-07-28'))
    expect(isStateless).toBe(protocol === 'auto')
  },
)
