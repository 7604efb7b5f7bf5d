/**
 * `npm exec -- node scripts/freeze-state.ts 0.2.0`: uses the system for half a minute, kills its server while audit events wait,
 * and packs the state folder as `test/upgrade/state-0.2.0.tgz`. All keys, users and tokens in it are made for it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from '#harness/browser.ts'
import { Emulator } from '#harness/emulator.ts'
import {
  type FrozenGrant,
  type FrozenLogin,
  FROZEN_PORTS,
  freezePage,
  packFrozen,
  waitingEvents,
} from '#harness/frozen-state.ts'
import { writePrivateFile } from '#harness/local/private-file.ts'
import { thisRelease } from '#harness/local/release-mark.ts'
import { startLocal } from '#harness/local/start-local.ts'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { ROOT } from '#harness/local/workers.ts'
import { callMessage } from '#harness/messages.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'
import { signIn, type Stage } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'

const SCOPES = 'todo:read todo:write'
/** A token that has a minute left at a call is renewed first, so the first call after the freezing renews. */
const DOWNSTREAM_SECONDS = 62
/** Longer than the outcome of a call takes, shorter than the two seconds until events are shipped. */
const SETTLE_MS = 700

/** What wrote the folder; tests and docs may change meanwhile. */
const WRITERS = ['src', 'migrations', 'emulators', 'examples/todo-api', 'wrangler.jsonc', 'package-lock.json']

async function main(): Promise<void> {
  const [release] = process.argv.slice(2)
  if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release))
    throw new StartProblem('Say which release: npm exec -- node scripts/freeze-state.ts 0.2.0')
  const git = (...parameters: string[]) => execFileSync('git', parameters, { cwd: ROOT, encoding: 'utf8' })
  if (git('status', '--porcelain', '--', ...WRITERS) !== '')
    throw new StartProblem('Commit first: the folder names the commit that wrote it.')
  const commit = git('log', '-1', '--format=%H', '--', ...WRITERS).trim()
  const folder = mkdtempSync(join(tmpdir(), 'freeze-'))
  const stateDir = join(folder, 'state')
  const archive = join(ROOT, 'test/upgrade', `state-${release}.tgz`)
  try {
    const used = await use(stateDir)
    const waiting = [...waitingEvents(stateDir)]
    writePrivateFile(
      describeStateFolder(stateDir).release,
      `${JSON.stringify({ release, migration: thisRelease().migrations.at(-1) })}\n`,
    )
    packFrozen(folder, { release, commit, ...used, waiting }, archive)
    console.log(`${archive}: ${waiting.length} events wait in it`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes two grants, two half-finished logins, and calls whose events wait when the server is killed. */
async function use(stateDir: string) {
  await using local = await startLocal({
    stateDir,
    ports: FROZEN_PORTS,
    settings: { REGISTRATIONS_PER_DAY: '100000' },
  })
  const { origin, mcpUrl, issuer, emulatorOrigin = '', apiOrigin = '' } = local
  const story = storyContext({ origin, mcpUrl, issuer, emulatorOrigin, apiOrigin, stateDir })
  const emulator = new Emulator(emulatorOrigin)
  await emulator.set({ accessTokenSeconds: DOWNSTREAM_SECONDS })
  const one = await openGrant(story, 'session')
  const other = await openGrant(story, 'stateless')
  const logins = {
    consent: await beginLogin(story, 'consent'),
    callback: await beginLogin(story, 'callback'),
  }
  await untilShipped(stateDir)
  const frozenAtSeconds = Math.floor(Date.now() / 1000)
  // Calls wait in their own table, the opening of a session in the outbox.
  await Promise.all([one.addTodo(), other.addTodo(), one.openSession()])
  await sleep(SETTLE_MS)
  await local.kill9('mcp')
  await emulator.set({ accessTokenSeconds: null })
  return { frozenAtSeconds, grants: [one.frozen, other.frozen], logins }
}

type Story = ReturnType<typeof storyContext>

async function openGrant(story: Story, transport: 'session' | 'stateless') {
  const client = await story.newClient()
  const { tokens, user } = await story.signInWith(client, { asked: SCOPES })
  const { username, password, email } = user
  const todo = `added before the upgrade, ${transport}`
  const session = transport === 'session' ? await openSession(client, tokens.access_token) : null
  const frozen: FrozenGrant = {
    user: { username, password, email },
    clientId: client.clientId,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? '',
    session,
    todo,
  }
  return {
    frozen,
    addTodo: () => addTodo(client, frozen),
    openSession: () => openSession(client, tokens.access_token),
  }
}

async function addTodo(client: OAuthClient, { accessToken, session, todo }: FrozenGrant): Promise<void> {
  const authorization = `Bearer ${accessToken}`
  const { status, body } =
    session === null
      ? await callToolStateless(client, accessToken, 'addTodo', { text: todo })
      : await client.mcp(callMessage('addTodo', { text: todo }), { authorization, 'mcp-session-id': session })
  const text = JSON.stringify(body)
  if (status !== 200 || !text.includes('total') || text.includes('isError'))
    throw new Error(`addTodo: ${status} ${text}`)
}

async function beginLogin(story: Story, stopBefore: Stage): Promise<FrozenLogin> {
  const client = await story.newClient()
  const browser = new Browser()
  const user = story.newUser()
  const { url, verifier } = client.authorize({ scope: SCOPES })
  const { page, stage } = await signIn(browser, url, { user, stopBefore })
  if (stage !== stopBefore) throw new Error(`the login stopped at ${stage}`)
  const { username, password, email } = user
  return {
    user: { username, password, email },
    clientId: client.clientId,
    verifier,
    ...freezePage(page, browser, story.origin),
  }
}

async function untilShipped(stateDir: string): Promise<void> {
  for (let second = 0; second < 60; second += 1) {
    if (waitingEvents(stateDir).length === 0) return
    await sleep(1000)
  }
  throw new Error(`after a minute these wait: ${waitingEvents(stateDir).join(', ')}`)
}

await runScript(main)
