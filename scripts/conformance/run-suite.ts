import { fileURLToPath } from 'node:url'
import { Browser } from '#harness/browser.ts'
import { OAuthClient } from '#harness/oauth-client.ts'
import { runCommand, type RunningCommand } from '#harness/run-command.ts'
import { signIn } from '#harness/sign-in.ts'
import { signInWith } from '#harness/story.ts'
import type { Revision, Suite } from './suite.ts'

const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url))
const SCOPES = 'todo:read todo:write'

/** A new user and a new client for each run; the suite gets only the bearer. */
export async function runRequirements(suite: Suite, origin: string, revision: Revision, folder: string) {
  const client = await (await new OAuthClient(`${origin}/mcp`).discover()).register()
  const { tokens } = await signInWith(client, { asked: SCOPES })
  const asked = ['server', '--url', `${origin}/mcp`, '--requirements', revision, '-o', folder]
  await using run = runCommand(process.execPath, ['--import', PRELOAD, suite.program, ...asked], {
    CONFORMANCE_ORIGIN: origin,
    CONFORMANCE_BEARER: tokens.access_token,
  })
  await waitForEnd(run)
}

/** The suite acts as a registered client; a user opens the URL that it prints. */
export async function runAuthorization(suite: Suite, origin: string, port: number, folder: string) {
  const redirectUri = `http://127.0.0.1:${port}/callback`
  const client = await new OAuthClient(`${origin}/mcp`, { redirectUri }).discover()
  const { clientId, resource } = await client.register()
  const asked = ['authorization', '--url', origin, '--client-id', clientId, '--resource', resource]
  const where = ['--port', String(port), '-o', folder]
  await using run = runCommand(process.execPath, [suite.program, ...asked, ...where])
  const address = await run.line(/^https?:\/\/\S+\/authorize\?/)
  const browser = new Browser()
  const { page } = await signIn(browser, address)
  await browser.onward(page)
  await waitForEnd(run)
}

const DEADLINE_MS = 150_000

/**
 * Ignores the exit code: the stored results are judged by stricter rules, and missing results are detected there.
 */
async function waitForEnd(run: RunningCommand): Promise<void> {
  const late = setTimeout(() => void run[Symbol.asyncDispose](), DEADLINE_MS)
  await run.exit
  clearTimeout(late)
}
