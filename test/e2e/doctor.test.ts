import { afterEach, expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettingsFile } from '#harness/local/settings.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { runCommand } from '#harness/run-command.ts'
import { storyContext } from '#harness/story.ts'
import { openLocalDatabase } from '../../scripts/audit/databases.ts'
import { checkDatabase } from '../../scripts/doctor/check-database.ts'
import { checkUsers } from '../../scripts/doctor/check-users.ts'
import { z } from 'zod'

const story = storyContext()
const Findings = z.array(z.object({ level: z.string(), check: z.string(), found: z.string() }))
afterEach(() => story.emulator.reset())

const runDoctor = async (...parameters: readonly string[]) => {
  await using running = runCommand(process.execPath, ['--', 'scripts/doctor.ts', ...parameters])
  return { code: await running.exit, lines: running.lines }
}

async function doctor(file = describeStateFolder(story.stateDir).settingsOf('mcp')) {
  const running = await runDoctor('--env-file', file)
  const { code } = running
  return { code, lines: running.lines, problems: running.lines.filter((line) => line.startsWith('problem')) }
}

test('the doctor finds nothing wrong with a system that works', async () => {
  const { code, lines, problems } = await doctor()
  expect({ code, problems }).toEqual({ code: 0, problems: [] })
  expect(lines.filter((line) => line.startsWith('ok')).length).toBeGreaterThan(8)
  expect(lines).toContainEqual(expect.stringMatching(/^ok {7}Block AI bots: /))
  expect(lines).toContainEqual(expect.stringMatching(/^ok {7}metadata of the resource: /))
})

test('findings are JSON for programs', async () => {
  const { code, lines } = await runDoctor(
    '--json',
    '--env-file',
    describeStateFolder(story.stateDir).settingsOf('mcp'),
  )
  const findings = Findings.parse(JSON.parse(lines.join('\n')))
  expect(code).toBe(0)
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['clock', 'audience', 'settings']),
  )
})

test('wrong use is told from a problem by the exit code', async () => {
  const file = describeStateFolder(story.stateDir).settingsOf('mcp')
  for (const [parameters, words] of [
    [['production'], 'name their file with --env-file'],
    [['nowhere', '--env-file', file], 'There is no environment nowhere'],
    [['--unknown'], 'Accepted forms'],
    [['--env-file', 'not-there.json'], 'is not there'],
  ] as const) {
    const { code, lines } = await runDoctor(...parameters)
    expect(code).toBe(2)
    expect(lines.join('\n')).toContain(words)
  }
})

test('the state of this machine is read while the server runs: schema, events, grants by root key', async () => {
  const { tokens } = await story.signInWith(await story.newClient())
  expect(tokens.scope).toContain('todo:read')
  const folder = describeStateFolder(story.stateDir)
  const settings = readSettingsFile(folder.settingsOf('mcp'))
  const database = await checkDatabase(() => openLocalDatabase(folder), { migrate: 'npm start' })
  expect(database.map(({ level, check }) => [level, check])).toEqual([
    ['ok', 'schema of the database'],
    ['ok', 'audit log'],
  ])
  const keyId = settings['ROOT_KEYS']?.split(':')[0] ?? ''
  const users = checkUsers(folder, { rootKeys: [{ id: keyId }], retiredRootKeys: [] })
  expect(users.at(-1)).toEqual({
    level: 'ok',
    check: 'grants per root key',
    found: expect.stringMatching(new RegExp(`^${keyId}: [1-9]`)),
  })
})

test('an application without the grant type Refresh Token is found before anyone signs in', async () => {
  await story.emulator.set({ refreshTokens: 'none' })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('grant type Refresh Token')])
})

/** Writes the running system's settings with overrides to a file. */
function writeSettings(settings: Readonly<Record<string, string>>): string {
  const good = readSettingsFile(describeStateFolder(story.stateDir).settingsOf('mcp'))
  const file = join(story.stateDir, 'writeSettings.json')
  writeFileSync(file, JSON.stringify({ ...good, ...settings }))
  return file
}

test('a policy that is not assigned is found before anyone signs in', async () => {
  await story.emulator.set({ policyAssigned: false })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('flow policy: PingOne does not find it')])
})

test('neither a wrong policy, nor redirect URIs or scopes that PingOne does not have, nor a wrong name is well', async () => {
  const policy = await doctor(writeSettings({ PINGONE_DV_POLICY_ID: '00000000000000000000000000000000' }))
  expect(policy.problems).toEqual([expect.stringContaining('PINGONE_DV_POLICY_ID has to be')])
  const origin = await doctor(writeSettings({ PUBLIC_ORIGIN: 'http://localhost:1' }))
  expect(origin.problems).toEqual([
    expect.stringContaining('login for http://localhost:1/callback'),
    expect.stringContaining('http://localhost:1/signed-in'),
  ])
  const scope = await doctor(writeSettings({ API_SCOPE_WRITE: 'todos:write' }))
  expect(scope.problems).toEqual([expect.stringContaining('does not grant the scope todos:write')])
  const name = await doctor(writeSettings({ PINGONE_EXTRA_SCOPE: 'x' }))
  expect(name.problems).toEqual([expect.stringContaining('write PINGONE_EXTRA_SCOPES')])
  for (const { code } of [policy, origin, scope, name]) expect(code).toBe(1)
})

test('the doctor signs nobody in', async () => {
  const before = await story.emulator.state()
  await doctor()
  const after = await story.emulator.state()
  expect((after.counts['authorize'] ?? 0) - (before.counts['authorize'] ?? 0)).toBe(2)
  expect(after.sessions).toEqual(before.sessions)
  expect(after.families).toEqual(before.families)
})

test('a wrong secret is found, and is not shown', async () => {
  const good = readSettingsFile(describeStateFolder(story.stateDir).settingsOf('mcp'))
  const file = join(story.stateDir, 'wrong.json')
  writeFileSync(file, JSON.stringify({ ...good, MCP_SERVER_CLIENT_SECRET: 'a-wrong-secret' }))
  const { code, problems, lines } = await doctor(file)
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('client authentication: PingOne refuses ours')])
  expect(lines.join()).not.toContain('a-wrong-secret')
})

test('PingOne that does not answer is one problem, said in words of ours', async () => {
  await story.emulator.set({ faults: { discovery: 'html' } })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('PINGONE_ISSUER')])
})
