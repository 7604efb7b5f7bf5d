import { OAuthClient } from '../../test/support/oauth-client.ts'
import { Emulator } from '../../test/support/emulator.ts'
import { type SignedIn, signInWith } from '../../test/support/story.ts'
import { startWorld } from '../../test/support/world.ts'

export interface Storm extends AsyncDisposable {
  emulator: Emulator
  client: OAuthClient
  /** A new user who has just signed in. */
  signIn(): Promise<SignedIn>
}

/** The whole system on free ports, with a state of its own, and one client for all. */
export async function startStorm(): Promise<Storm> {
  // A hundred callers of one grant, several times over, are more than any user's client: the storm is about order.
  const world = await startWorld({ settings: { REQUESTS_PER_MINUTE: '10000' } })
  const client = await (await new OAuthClient(world.mcpUrl).discover()).register()
  return {
    emulator: new Emulator(world.emulatorOrigin ?? ''),
    client,
    signIn: () => signInWith(client, {}),
    [Symbol.asyncDispose]: () => world.stop(),
  }
}
