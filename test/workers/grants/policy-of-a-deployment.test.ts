import { env } from 'cloudflare:workers'
import { reset } from 'cloudflare:test'
import { beforeEach, expect, test, vi } from 'vitest'
import type { ControlApi } from '#control/control-api.ts'
import { POLICY_TEXTS } from '#wiring/policy-texts.ts'

// Control as compose.ts makes it: with the lint of the product that is served, and the real comparison of documents.
const control = (): ControlApi => env.CONTROL.getByName('control')
const editor = (user: string, act: string) => ({ user, act })

beforeEach(() => reset())

const denying = (tool: string) =>
  JSON.stringify({
    version: 1,
    default: 'allow',
    rules: [{ id: 'no-writes', what: { kind: 'tool', name: tool }, effect: 'deny', says: 'Not now.' }],
  })

test('a rule on a tool that the product does not offer is refused, by an editor and from a deployment', async () => {
  expect(await control().adopt(denying('misspelledTool'))).toBeNull()
  const base = (await control().adopt(POLICY_TEXTS.default))?.policy ?? ''
  const outcome = await control().apply(denying('misspelledTool'), base, editor('grace', 'one'), true)
  expect(outcome).toMatchObject({ outcome: 'invalid', problems: [expect.stringContaining('misspelledTool')] })
  expect((await control().readHead())?.policy).toBe(base)
})

test('a rule that denies a tool is in force at once, and taking it away needs two editors', async () => {
  const base = (await control().adopt(POLICY_TEXTS.default))?.policy ?? ''
  const narrowed = await control().apply(denying('addTodo'), base, editor('grace', 'one'), true)
  if (narrowed.outcome !== 'in-force') throw new Error(narrowed.outcome)
  const back = await control().rollBack(base, narrowed.hash, editor('grace', 'two'), true)
  expect(back).toMatchObject({ outcome: 'pending', widens: [expect.stringContaining('no-writes')] })
  expect(await control().confirm(base, editor('grace', 'three'))).toEqual({ outcome: 'same-editor' })
  expect(await control().confirm(base, editor('edsger', 'four'))).toEqual({ outcome: 'in-force', hash: base })
})

test('every document in policy/ is one that this product can adopt', async () => {
  for (const text of Object.values(POLICY_TEXTS)) {
    await reset()
    expect(await control().adopt(text)).not.toBeNull()
  }
})

test('the log names a policy by the beginning of its hash, which is not redacted', async () => {
  const lines = vi.spyOn(console, 'log')
  const head = await control().adopt(POLICY_TEXTS.default)
  const logged = lines.mock.calls
    .map(([line]) => String(line))
    .find((line) => line.includes('policy.in-force'))
  expect(logged).toContain(`"hash":"${head?.policy.slice(0, 12)}"`)
  lines.mockRestore()
})
