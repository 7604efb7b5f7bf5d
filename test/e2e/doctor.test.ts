import { afterEach, expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettingsFile } from '../../scripts/local/settings.ts'
import { describeStateFolder } from '../../scripts/local/state-folder.ts'
import { runCommand } from '../support/run-command.ts'
import { tellStory } from '../support/story.ts'

const story = tellStory()
afterEach(() => story.standIn.reset())

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
  await story.standIn.set({ refreshTokens: 'none' })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('grant type Refresh Token')])
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
  await story.standIn.set({ faults: { discovery: 'html' } })
  const { code, problems } = await doctor()
  expect(code).toBe(1)
  expect(problems).toEqual([expect.stringContaining('PINGONE_ISSUER')])
})
