import { expect, test } from 'vitest'
import { z } from 'zod'
import { connectV1, connectV2, type Connected } from '#harness/mcp-clients.ts'
import { storyContext } from '#harness/story.ts'
import { grace as operator, type User } from '#harness/users.ts'

// What needs a client with a metadata document, which must be on https, is in test/workers/activity.
const story = storyContext()
const AUDIT_TOOLS = ['findActivity', 'getTransaction', 'listSessions']

const TRANSPORTS = [
  ['session', (user: User) => connectV1(story.mcpUrl, { signIn: { user } })],
  ['stateless', (user: User) => connectV2(story.mcpUrl, '2026', { signIn: { user } })],
] as const

const Page = z.object({
  events: z.array(
    z.looseObject({
      id: z.string(),
      user: z.string(),
      type: z.string(),
      what: z.string().optional(),
      transaction: z.string().optional(),
      session: z.string().optional(),
    }),
  ),
})

const activityOf = async (client: Connected, input: Record<string, unknown> = {}) =>
  Page.parse((await client.callTool('findMyActivity', input)).structuredContent).events

/** The event of a call, once it is shipped. */
async function shipped(client: Connected, what: string) {
  await expect.poll(() => activityOf(client, { what, outcome: 'done' })).toHaveLength(1)
  const [event] = await activityOf(client, { what })
  if (event === undefined) throw new Error('there is no event')
  return event
}

test.each(TRANSPORTS)(
  '%s: T48 a user finds what was done for them, and nothing of another user',
  async (_kind, connect) => {
    await using ada = await connect(story.newUser())
    await using bob = await connect(story.newUser())
    await ada.callTool('listTodos')
    await bob.callTool('listTodos')
    const [hers, his] = [await shipped(ada, 'listTodos'), await shipped(bob, 'listTodos')]
    expect(hers).toMatchObject({ type: 'call', outcome: 'done' })
    expect(hers.user).not.toBe(his.user)

    expect(await activityOf(ada, { transaction: hers.transaction })).toEqual([hers])
    const { transaction, session = 'none', id } = his
    expect(await activityOf(ada, { transaction })).toEqual([])
    expect(await activityOf(ada, { session })).toEqual([])
    const events = [...(await activityOf(ada, { after: id })), ...(await activityOf(ada))]
    expect(new Set(events.map(({ user }) => user))).toEqual(new Set([hers.user]))
    expect(await ada.callTool('findMyActivity', { user: his.user })).toMatchObject({ isError: true })
  },
)

// The emulator says in the id token that grace is an operator.
test.each(TRANSPORTS)(
  '%s: T48 a client that registered itself gets no tool of operators',
  async (_kind, connect) => {
    await using grace = await connect(operator)
    for (const name of AUDIT_TOOLS)
      await expect(grace.callTool(name)).rejects.toThrow(
        'Unknown tool: this server has no tool of this name.',
      )
  },
)
