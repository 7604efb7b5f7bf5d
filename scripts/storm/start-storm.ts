import { OAuthClient } from '../../test/support/oauth-client.ts'
import { StandIn } from '../../test/support/stand-in.ts'
import { type SignedIn, signInWith } from '../../test/support/story.ts'
import { startWorld } from '../../test/support/world.ts'

export interface Storm extends AsyncDisposable {
  standIn: StandIn
  client: OAuthClient
  /** A new person who has just signed in. */
  signIn(): Promise<SignedIn>
}

/** The whole system on free ports, with a state of its own, and one client for all. */
export async function startStorm(): Promise<Storm> {
  const world = await startWorld()
  const client = await (await new OAuthClient(world.mcpUrl).discover()).register()
  return {
    standIn: new StandIn(world.standInOrigin ?? ''),
    client,
    signIn: () => signInWith(client, {}),
    [Symbol.asyncDispose]: () => world.stop(),
  }
}
