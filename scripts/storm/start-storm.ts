import { OAuthClient } from '#harness/oauth-client.ts'
import { Emulator } from '#harness/emulator.ts'
import { type Login, signInWith } from '#harness/story.ts'
import { startWorld } from '#harness/world.ts'

export interface Storm extends AsyncDisposable {
  emulator: Emulator
  client: OAuthClient
  /** Creates a user who has just signed in. */
  signIn(): Promise<Login>
}

/** The whole system on free ports, with its own state and one client for all. */
export async function startStorm(): Promise<Storm> {
  // Raises the rate limits: a hundred callers of one grant exceed what any client does.
  const world = await startWorld({ settings: { REQUESTS_PER_MINUTE: '10000' } })
  const client = await (await new OAuthClient(world.mcpUrl).discover()).register()
  return {
    emulator: new Emulator(world.emulatorOrigin ?? ''),
    client,
    signIn: () => signInWith(client, {}),
    [Symbol.asyncDispose]: () => world.stop(),
  }
}
