import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '#harness/local/workers.ts'
import { runCommand } from '#harness/run-command.ts'
import { edsger, grace } from '#harness/users.ts'
import { startWorld, type World } from '#harness/world.ts'
import { OperatorAtTerminal } from '../support/operate-command.ts'

// The commands against a running server, as two editors use them. In production a change that widens access needs both.
const folder = mkdtempSync(join(tmpdir(), 'mcp-policy-'))
let world: World
let [one, other]: OperatorAtTerminal[] = []
beforeAll(async () => {
  world = await startWorld({ settings: { POLICY_CHANGES: 'two-editors' } })
  const { origin } = world.addresses
  ;[one, other] = [new OperatorAtTerminal(origin, grace), new OperatorAtTerminal(origin, edsger)]
})
afterAll(async () => {
  one?.[Symbol.dispose]()
  other?.[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
  await world.stop()
})

const editors = (): [OperatorAtTerminal, OperatorAtTerminal] => {
  if (one === undefined || other === undefined) throw new Error('no editors')
  return [one, other]
}

function fileOf(denied: readonly string[]): string {
  const file = join(folder, `${denied.length}.jsonc`)
  const rules = denied.map((tool) => ({
    id: `no-${tool.toLowerCase()}`,
    what: { kind: 'tool', name: tool },
    effect: 'deny',
    says: 'Not today.',
  }))
  writeFileSync(file, `// A comment.\n${JSON.stringify({ version: 1, default: 'allow', rules })}`)
  return file
}

/** What the doctor says of the state folder of this server. */
async function doctor(): Promise<string> {
  const words = [join(ROOT, 'scripts/doctor.ts'), '--state', world.addresses.stateDir]
  await using command = runCommand(process.execPath, words)
  await command.exit
  return command.lines.join('\n')
}

test('one editor narrows, and a change that widens waits for the other', async () => {
  const [editor, second] = editors()
  const narrowed = await editor.policy('apply', fileOf(['addTodo', 'deleteTodo']), '--reason', 'x', '--yes')
  expect([narrowed.code, narrowed.text]).toEqual([0, expect.stringContaining('+ rule no-addtodo')])
  expect(narrowed.text).toMatch(/^In force: [\w-]{43}\. Every copy has it/m)

  const wide = fileOf(['deleteTodo'])
  const proposed = await editor.policy('apply', wide, '--reason', 'x', '--yes')
  expect(proposed.text).toContain('It widens access: Rule no-addtodo')
  const hash = /npm run policy -- confirm ([\w-]{43})/.exec(proposed.text)?.[1] ?? ''
  expect(await editor.policy('confirm', hash, '--reason', 'x', '--yes')).toMatchObject({
    code: 1,
    text: expect.stringContaining('another editor must confirm it'),
  })
  expect(await doctor()).not.toContain(hash)
  const confirmed = await second.policy('confirm', hash, '--reason', 'reviewed', '--yes')
  expect([confirmed.code, confirmed.text]).toEqual([0, expect.stringContaining(`In force: ${hash}`)])
  expect(editor.signIns).toBe(1)

  const history = await second.policy('history')
  expect(history.text).toContain(`in force    ${hash}`)
  expect(await second.policy('drift', wide)).toMatchObject({ code: 0 })
  expect(await second.policy('drift')).toMatchObject({
    code: 1,
    text: expect.stringContaining('- rule no-deletetodo'),
  })
  expect(await doctor()).toContain(`in force: ${hash}`)
})

test('an operator switches a tool off and on, and an editor who is no operator does not', async () => {
  const [operator, editor] = editors()
  const words = ['switch', 'off', '--tool', 'addTodo', '--says', 'Closed.', '--reason', 'x', '--yes']
  const off = await operator.run(...words, '--for', '1h')
  expect([off.code, off.text]).toEqual([0, expect.stringContaining('Nobody can use the tool addTodo.')])
  const id = /Switch ([\w-]{36})$/m.exec(off.text)?.[1] ?? ''
  expect((await editor.run('switch', 'list')).text).toContain(id)
  expect(await doctor()).toContain('off: tool')
  expect(await editor.run(...words)).toMatchObject({
    code: 1,
    text: expect.stringContaining('needs the role operator'),
  })
  expect(await operator.run('switch', 'on', id, '--reason', 'x')).toMatchObject({ code: 0 })
  expect((await operator.run('switch', 'list')).text).toContain('none')
})
