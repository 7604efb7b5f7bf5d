import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { renderPolicySchema } from '../../../scripts/docs/policy-schema.ts'
import { runPolicy } from '../../../scripts/policy/commands.ts'
import { carriedFiles } from '../../../scripts/policy/files.ts'
import { offerOf } from '../../../scripts/policy/offer.ts'
import { productNamed } from '#harness/local/chosen-product.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { lint } from '#policy/lint.ts'
import { POLICY_NAMES } from '#policy/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(rules: readonly object[], fallback = 'allow'): string {
  const path = join(folder, 'policy.jsonc')
  writeFileSync(path, JSON.stringify({ version: 1, default: fallback, rules }))
  return path
}

async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = []
  const code = await runPolicy(args, (line) => lines.push(line))
  return { code, lines }
}

const OFFICE_HOURS = {
  id: 'office-hours',
  what: { kind: 'tool', name: 'addTodo' },
  if: 'now.getHours("Europe/Berlin") < 8',
  effect: 'deny',
  says: 'Changes begin at 8.',
}

test.each(['todos', 'notes'])(
  'every shipped document fits the product %s without a finding',
  async (name) => {
    const { product } = await productNamed(name)
    const { policyCatalog } = offerOf(product)
    expect(policyCatalog.subjects.map((one) => one.name)).toContain('findMyActivity')
    for (const { read, shown } of await carriedFiles())
      expect([shown, read.ok ? lint(read.value.document, policyCatalog) : read.error]).toEqual([shown, []])
  },
)

test('policy/schema.json is what the code says (npm run docs)', () => {
  expect(readFileSync('policy/schema.json', 'utf8')).toBe(renderPolicySchema())
})

test('check without a name checks every document that a deployment can carry', async () => {
  const { code, lines } = await run('check')
  expect(code).toBe(0)
  expect(lines.map((line) => line.split(':')[0])).toEqual(
    POLICY_NAMES.map((name) => `policy/${name}.jsonc`).toSorted(),
  )
})

test('check takes the name of a document', async () => {
  const { code, lines } = await run('check', 'read-only')
  expect([code, lines]).toEqual([
    0,
    [expect.stringMatching(/^policy\/read-only\.jsonc: valid for todos: 1 rule, hash [\w-]{43}$/)],
  ])
})

test('check reports an error with its rule and code, and ends with 1', async () => {
  const { code, lines } = await run(
    'check',
    fileWith([{ ...OFFICE_HOURS, what: { kind: 'tool', name: 'addTodos' } }]),
  )
  expect(code).toBe(1)
  expect(lines).toEqual([
    expect.stringMatching(/: error: rule office-hours: no tool is addTodos: there are .* \[unknown-name\]$/),
  ])
})

test('check reports what does not parse, and ends with 1', async () => {
  const path = join(folder, 'broken.jsonc')
  writeFileSync(path, '{ "version": 2, "default": "allow", "rules": [] }')
  const { code, lines } = await run('check', path)
  expect([code, lines]).toEqual([1, [expect.stringContaining(': error: version: ')]])
})

test('check knows a claim that is named, and no other', async () => {
  const rule = { ...OFFICE_HOURS, who: [{ claim: 'department', is: 'sales' }] }
  expect((await run('check', fileWith([rule]))).lines[0]).toContain('[unknown-claim]')
  expect((await run('check', fileWith([rule]), '--claim', 'department')).code).toBe(0)
})

const ADD = ['--tool', 'addTodo', '--args', '{"text":"Buy milk"}']

test('explain names the rule that decides, every rule that spoke, and when it opens', async () => {
  const rules = [
    OFFICE_HOURS,
    { ...OFFICE_HOURS, id: 'sales-only', who: [{ group: 'sales' }], if: 'args.text == "Buy milk"' },
    { ...OFFICE_HOURS, id: 'tried', mode: 'shadow', if: 'true' },
    { ...OFFICE_HOURS, id: 'elsewhere', what: { kind: 'tool', name: 'listTodos' } },
  ]
  const { code, lines } = await run(
    'explain',
    '--document',
    fileWith(rules),
    ...ADD,
    '--at',
    '2026-11-30T05:30:00Z',
  )
  expect(code).toBe(1)
  expect(lines.slice(0, -1)).toEqual([
    'tool addTodo: denied when it is called, by rule office-hours: Changes begin at 8.',
    'opens 2026-11-30T07:00:00.000Z (asked for 2026-11-30T05:30:00.000Z)',
    'rules that are about it:',
    '  office-hours: deny, it matches, decides',
    '  sales-only: deny, it means other users, does not count',
    '  tried: deny (shadow), it matches, does not count',
  ])
  expect(lines.at(-1)).toMatch(/^policy .*policy\.jsonc, hash [\w-]{43}$/)
})

test('explain allows with 0, and names shadow rules that would have denied', async () => {
  const shadow = { ...OFFICE_HOURS, mode: 'shadow' }
  const at = ['--at', '2026-11-30T05:30:00Z']
  const { code, lines } = await run('explain', '--document', fileWith([shadow]), ...ADD, ...at)
  expect(code).toBe(0)
  expect(lines.slice(0, 2)).toEqual([
    'tool addTodo: allowed when it is called, by the default of the document (allow)',
    'shadow rule office-hours would have denied it',
  ])
})

test('explain --json has the same for programs', async () => {
  const at = ['--at', '2026-11-30T05:30:00Z', '--json']
  const { code, lines } = await run('explain', '--document', fileWith([OFFICE_HOURS]), ...ADD, ...at)
  expect(code).toBe(1)
  expect(JSON.parse(lines.join('\n'))).toMatchObject({
    decision: { effect: 'deny', rule: 'office-hours', wouldDeny: [] },
    opensAt: '2026-11-30T07:00:00.000Z',
    spoke: [{ id: 'office-hours', verdict: 'matched', counted: true }],
  })
})

const condition = (source: string, what: object = { kind: 'tool', name: 'addTodo' }) =>
  fileWith([{ ...OFFICE_HOURS, what, if: source }])

test.each([
  ['user.id == "Zm9vYmFyYmF6cXV4MTIzNA"', ['--user', 'Zm9vYmFyYmF6cXV4MTIzNA']],
  ['"sales" in user.groups && "it" in user.groups', ['--group', 'sales', '--group', 'it']],
  [
    '"department" in user.claims && user.claims.department == ["sales", "it"]',
    ['--claim', 'department=sales', '--claim', 'department=it'],
  ],
  ['user.acr == "policy-1"', ['--acr', 'policy-1']],
  [
    'client.kind == "document" && client.domain == "claude.ai"',
    ['--client', 'https://claude.ai/oauth/client'],
  ],
  ['client.kind == "registered" && client.domain == ""', ['--client', 'abc123']],
  ['request.network == "198.51.100.0/24"', ['--network', '198.51.100.0/24']],
  ['request.authAgeSeconds == 300', ['--auth-age', '300']],
  ['request.transport == "session"', ['--transport', 'session']],
])('explain asks %s by its options', async (source, options) => {
  const document = condition(source)
  expect((await run('explain', '--document', document, ...ADD, ...options)).code).toBe(1)
  expect((await run('explain', '--document', document, ...ADD)).code).toBe(0)
})

test('explain reads the variables of a template, however the URI is written', async () => {
  const document = condition('args.id == "5"', { kind: 'resource', name: 'todo://items/{id}' })
  const explain = (uri: string) => run('explain', '--document', document, '--resource', uri)
  expect((await explain('todo://items/5')).code).toBe(1)
  expect((await explain('todo://items/%35')).code).toBe(1)
  expect((await explain('todo://items/6')).code).toBe(0)
})

test('explain knows prompts, connecting, and what a list shows', async () => {
  const document = fileWith(
    [
      {
        ...OFFICE_HOURS,
        id: 'planning',
        what: { kind: 'prompt', name: 'planMyDay' },
        if: 'true',
        effect: 'allow',
      },
      {
        ...OFFICE_HOURS,
        id: 'staff',
        what: { kind: 'server' },
        if: '"staff" in user.groups',
        effect: 'allow',
      },
      { ...OFFICE_HOURS, id: 'milk', if: 'args.text == "Buy milk"', effect: 'allow' },
    ],
    'hide',
  )
  const explain = async (...options: string[]) =>
    (await run('explain', '--document', document, ...options)).code
  expect(await explain('--connect')).toBe(1)
  expect(await explain('--connect', '--group', 'staff')).toBe(0)
  expect(await explain('--prompt', 'planMyDay', '--list')).toBe(0)
  expect(await explain('--tool', 'addTodo', '--list')).toBe(0)
  expect(await explain('--tool', 'addTodo', '--args', '{"text":"Buy beer"}')).toBe(1)
})

test.each([
  [[], /^Name a command\./],
  [['constructor'], /^There is no command "constructor"\./],
  [['check', '--wrong'], /--wrong/],
  [['check', 'not-there'], /^There is no policy not-there\./],
  [['explain'], /^Name one: --tool, --prompt, --resource or --connect\./],
  [['explain', '--connect', '--tool', 'addTodo'], /^Name one:/],
  [['explain', '--tool', 'addTodos'], /^There is no tool addTodos: there are /],
  [['explain', '--prompt', 'plan'], /^There is no prompt plan/],
  [['explain', '--resource', 'note://1'], /^There is no resource note:\/\/1\./],
  [['explain', '--tool', 'addTodo'], /^--args do not fit addTodo/],
  [['explain', '--tool', 'addTodo', '--args', '{'], /^--args is JSON/],
  [['explain', ...ADD, '--at', 'tomorrow'], /^--at is a time with its zone/],
  [['explain', ...ADD, '--claim', 'department'], /^--claim is <name>=<value>/],
  [['explain', ...ADD, '--auth-age', 'old'], /^--auth-age is a number/],
  [['explain', ...ADD, '--transport', 'pigeon'], /^--transport is stateless or session/],
])('wrong use is said, and decides nothing: %j', async (args, message) => {
  const asked = run(...args)
  await expect(asked).rejects.toThrow(StartProblem)
  await expect(asked).rejects.toThrow(message)
})
