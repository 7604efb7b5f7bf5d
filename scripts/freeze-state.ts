/**
 * `npm exec -- node scripts/freeze-state.ts 0.2.0`: uses the system for half a minute, kills its server while audit events wait,
 * and packs the state folder as `test/upgrade/state-0.2.0.tgz`. All keys, users and tokens in it are made for it. The code that
 * wrote it becomes `test/upgrade/worker-0.2.0.js.br`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Emulator } from '#harness/emulator.ts'
import { FROZEN_PORTS, packFrozen, waitingEvents } from '#harness/frozen-state.ts'
import { packWorker } from '#harness/frozen-worker.ts'
import { writePrivateFile } from '#harness/local/private-file.ts'
import { thisRelease } from '#harness/local/release-mark.ts'
import { startLocal } from '#harness/local/start-local.ts'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { ROOT } from '#harness/local/workers.ts'
import { storyContext } from '#harness/story.ts'
import { openSession } from '#harness/transport.ts'
import { addTodo, beginLogin, clientOf, openGrant } from '#harness/upgrade-steps.ts'
import { makeBundle } from '#harness/deployed-worker.ts'

/** A token that has a minute left at a call is renewed first, so the first call after the freezing renews. */
const DOWNSTREAM_SECONDS = 62
/** Longer than the outcome of a call takes, shorter than the two seconds until events are shipped. */
const SETTLE_MS = 700

/** What wrote the folder; tests and docs may change meanwhile. */
const WRITERS = [
  'src',
  'policy',
  'migrations',
  'emulators',
  'examples/todo-api',
  'wrangler.jsonc',
  'package-lock.json',
]

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
    const code = join(ROOT, 'test/upgrade', `worker-${release}.js.br`)
    const { path } = await makeBundle('wrangler.jsonc', join(folder, 'bundle'))
    packWorker(path, code, machineTexts())
    console.log(`${code}: the code of the release, ${Math.round(statSync(code).size / 1024)} KiB`)
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
  const grants = [await openGrant(story, 'session'), await openGrant(story, 'stateless')]
  const logins = {
    consent: await beginLogin(story, 'consent'),
    callback: await beginLogin(story, 'callback'),
  }
  await untilShipped(stateDir)
  const frozenAtSeconds = Math.floor(Date.now() / 1000)
  // Calls wait in their own table, the opening of a session in the outbox.
  await Promise.all(
    grants.map(async (grant) => {
      const client = await clientOf(story.mcpUrl, grant)
      const more = grant.session === null ? [] : [openSession(client, grant.accessToken)]
      await Promise.all([addTodo(client, grant), ...more])
    }),
  )
  await sleep(SETTLE_MS)
  await local.kill9('mcp')
  await emulator.set({ accessTokenSeconds: null })
  return { frozenAtSeconds, grants, logins }
}

/** Folders of this machine, and the host that npm downloads from. */
function machineTexts(): readonly string[] {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: ROOT, encoding: 'utf8' }).trim()
  return [ROOT, join(homedir(), '/'), join(tmpdir(), '/'), new URL(registry).host]
}

async function untilShipped(stateDir: string): Promise<void> {
  for (let second = 0; second < 60; second += 1) {
    if (waitingEvents(stateDir).length === 0) return
    await sleep(1000)
  }
  throw new Error(`after a minute these wait: ${waitingEvents(stateDir).join(', ')}`)
}

await runScript(main)
