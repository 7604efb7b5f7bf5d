import { afterEach, expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettingsFile } from '#harness/local/settings.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { runCommand } from '#harness/run-command.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

async function doctor(file = describeStateFolder(story.stateDir).settingsOf('mcp')) {
  await using running = runCommand(process.execPath, ['scripts/doctor.ts', '--env-file', file])
  const code = await running.exit
  return { code, lines: running.lines, problems: running.lines.filter((line) => line.startsWith('problem')) }
}

test('the doctor finds nothing wrong with a system that works', async () => {
  const { code, lines, problems } = await doctor()
  expect({ code, problems }).toEqual({ code: 0, problems: [] })
  expect(lines.filter((line) => line.startsWith('ok')).length).toBeGreaterThan(8)
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
  expect(problems).toEqual([expect.stringContaining('PingOne does not find the flow policy')])
})

test('neither a wrong policy, nor redirect URIs or scopes that PingOne does not have, nor a wrong name is well', async () => {
  const policy = await doctor(writeSettings({ PINGONE_DV_POLICY_ID: '00000000000000000000000000000000' }))
  expect(policy.problems).toEqual([expect.stringContaining('PINGONE_DV_POLICY_ID has to be')])
  const origin = await doctor(writeSettings({ PUBLIC_ORIGIN: 'http://localhost:1' }))
  expect(origin.problems).toEqual([
    expect.stringContaining('http://localhost:1/callback'),
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
  expect(problems).toEqual([expect.stringContaining('refuses our authentication')])
  expect(lines.join()).not.toContain('a-wrong-secret')
})

test('PingOne that does not answer is one problem, said in words of ours', async () => {
  await story.emulator.set({ faults: { discovery: 'html' } })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('PINGONE_ISSUER')])
})
