import type { Browser } from './browser.ts'
import type { RunningCommand } from './run-command.ts'
import { signIn } from './sign-in.ts'
import type { User } from './users.ts'

const ADDRESS = /^http\S+\/authorize\?/
const CALLBACK_LISTENS = /OAuth callback server running at/

/** The authorization addresses that mcp-remote has printed. */
export const addressesIn = ({ lines }: RunningCommand): readonly string[] =>
  lines.filter((line) => ADDRESS.test(line))

/**
 * A user opens the nth address that mcp-remote prints, and the login ends on its callback port. For a step-up it prints
 * the address before it listens there, so this waits for both lines.
 */
export async function openPrinted(program: RunningCommand, nth: number, user: User, browser: Browser) {
  const address = await program.line(ADDRESS, nth)
  await program.line(CALLBACK_LISTENS, nth)
  const { stage, page } = await signIn(browser, address, { user })
  if (stage !== 'client') throw new Error(`the login ended at ${stage}`)
  const { text } = await browser.onward(page)
  return { scope: new URL(address).searchParams.get('scope'), text }
}
