import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { signInWith } from '#harness/story.ts'
import { callToolStateless } from '#harness/transport.ts'
import type { User } from '#harness/users.ts'

/** A client of our own that shows what other clients did to the user's list. */
export async function openListOf(user: User, mcpUrl: string) {
  const client = await (await new OAuthClient(mcpUrl).discover()).register({ client_name: 'The witness' })
  let { tokens } = await signInWith(client, { user, asked: 'todo:read todo:write' })
  const known = 'Water the plants before noon'
  await callToolStateless(client, tokens.access_token, 'addTodo', { text: known })
  return {
    known,
    /** Refreshes first: access tokens of this system live for a minute. */
    read: async (): Promise<string> => {
      tokens = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
      return JSON.stringify((await callToolStateless(client, tokens.access_token, 'listTodos')).body)
    },
  }
}
