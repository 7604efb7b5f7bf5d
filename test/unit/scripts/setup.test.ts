import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Product } from '#catalog/define-product.ts'
import { loadConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { addressProblem } from '../../../scripts/deploy/check-address.ts'
import { readEnvironment } from '../../../scripts/deploy/environment.ts'
import { readDeployment } from '../../../scripts/doctor/read-settings.ts'
import { setUp } from '../../../scripts/setup/set-up.ts'
import { paragraphOf } from './recorded-wrangler.ts'

/** wrangler.jsonc without hostname and bound API, also in a copy that has been set up. */
const untouched = readFileSync('wrangler.jsonc', 'utf8')
  .replaceAll(/^( {6}"routes": )\[.*\],$/gm, '$1[],')
  .replaceAll(/^ {6}(?:\/\/ )?("services": .*"todo-api-\w+" \}\],)$/gm, '      // $1')
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'))
  writeFileSync(configuration(), untouched)
})
afterEach(() => rmSync(folder, { recursive: true }))
const file = () => join(folder, 'mcp.json')
const configuration = () => join(folder, 'wrangler.jsonc')

const SECRET = 'the-secret-of-the-application'
const ISSUER = 'https://auth.pingone.eu/7f9a1f2e-0000-4000-8000-000000000001/as'
const ofPingOne = [ISSUER, 'the-client', SECRET, 'the-policy']

/** Answers in this order; the input ends after the last one. */
async function runSetUp(
  environment: string,
  answers: readonly string[],
  apiUrl?: string,
  product: Product = todos,
) {
  const left = [...answers]
  const lines: string[] = []
  const questions: { text: string; isHidden: boolean }[] = []
  const facts = readEnvironment(configuration(), environment)
  const running = setUp(
    { facts, file: file(), configuration: configuration(), product, apiUrl },
    {
      print: (line) => void lines.push(line),
      ask: async (text, isHidden) => {
        questions.push({ text, isHidden })
        return left.shift() ?? null
      },
    },
  )
  const problem = await running.then(
    () => undefined,
    async () => paragraphOf(running),
  )
  return { problem, lines, questions, left, output: lines.join('\n') }
}

const changedLines = () => {
  const before = untouched.split('\n')
  const after = readFileSync(configuration(), 'utf8').split('\n')
  expect(after).toHaveLength(before.length)
  return after.filter((line, at) => line !== before[at]).map((line) => line.trim())
}

test('five answers make the settings of a production deployment with the example API', async () => {
  const run = await runSetUp('production', ['mcp.example.com', ...ofPingOne])
  expect(run).toMatchObject({ problem: undefined, left: [] })
  const settings = readDeployment(file())
  expect(settings).toMatchObject({
    PUBLIC_ORIGIN: 'https://mcp.example.com',
    PINGONE_ISSUER: ISSUER,
    PINGONE_DV_POLICY_ID: 'the-policy',
    MCP_SERVER_CLIENT_ID: 'the-client',
    MCP_SERVER_CLIENT_SECRET: SECRET,
    API_IDENTIFIER: 'todos-api',
  })
  const config = loadConfig({ API: {}, ...settings }, todos)
  expect(config.ok && config.value.audit.signingKey).toBeTruthy()
  expect(statSync(file()).mode & 0o777).toBe(0o600)

  expect(changedLines()).toEqual([
    '"routes": [{ "pattern": "mcp.example.com", "custom_domain": true }],',
    '"services": [{ "binding": "API", "service": "todo-api-production" }],',
  ])
  expect(addressProblem(configuration(), { environment: 'production', others: [] })).toBeUndefined()
  expect(readEnvironment(configuration(), 'production')).toMatchObject({ hasExampleApi: true })
  expect(run.lines.slice(-3)).toEqual([
    'env.production in wrangler.jsonc was filled in. Now:',
    '  git commit --message "Describe production" wrangler.jsonc',
    `  npm run deploy -- production --env-file ${file()}`,
  ])
})

test('what PingOne needs is printed as it has to be typed, before PingOne is asked for', async () => {
  const run = await runSetUp('production', ['https://mcp.example.com/'])
  expect(run.problem).toBe('Stopped. Nothing was written.')
  for (const value of [
    'audience       todos-api',
    'scopes         todo:read',
    'redirect URIs  https://mcp.example.com/callback\n',
    ' https://mcp.example.com/signed-in\n',
    'openid profile email todo:read todo:write',
  ])
    expect(run.output).toContain(value)
  expect(existsSync(file())).toBe(false)
  expect(changedLines()).toEqual([])
})

test('no secret is printed, and that of the application is not shown while it is typed', async () => {
  const run = await runSetUp('production', ['mcp.example.com', ...ofPingOne])
  const { ROOT_KEYS = '', AUDIT_SIGNING_KEY = '' } = readDeployment(file())
  const [, rootKey = ''] = ROOT_KEYS.split(':')
  const [, privateHalf = ''] = /"d":"([^"]+)"/.exec(AUDIT_SIGNING_KEY) ?? []
  const [, publicHalf = ''] = /"x":"([^"]+)"/.exec(AUDIT_SIGNING_KEY) ?? []
  for (const secret of [SECRET, rootKey, privateHalf]) {
    expect(secret.length).toBeGreaterThan(20)
    expect(run.output).not.toContain(secret)
  }
  expect(run.output).toContain(publicHalf)
  expect(run.questions.filter(({ isHidden }) => isHidden)).toEqual([
    { text: expect.stringContaining('Client Secret'), isHidden: true },
  ])
})

test('two runs make different keys', async () => {
  const made = []
  for (const _ of [1, 2]) {
    await runSetUp('dev', ['example', ...ofPingOne])
    made.push(readDeployment(file()))
    rmSync(file())
  }
  expect(made[0]?.['ROOT_KEYS']).not.toBe(made[1]?.['ROOT_KEYS'])
  expect(made[0]?.['AUDIT_SIGNING_KEY']).not.toBe(made[1]?.['AUDIT_SIGNING_KEY'])
})

test.for([['example'], ['example.workers.dev'], ['https://mcp-dev.example.workers.dev/']])(
  'on workers.dev the subdomain of the account is enough: %s',
  async ([answer = '']) => {
    await runSetUp('dev', [answer, ...ofPingOne])
    expect(readDeployment(file())['PUBLIC_ORIGIN']).toBe('https://mcp-dev.example.workers.dev')
    expect(changedLines()).toEqual(['"services": [{ "binding": "API", "service": "todo-api-dev" }],'])
  },
)

test('your own API is asked for its audience, and leaves wrangler.jsonc alone', async () => {
  const run = await runSetUp('staging', ['example', 'orders', ...ofPingOne], 'https://api.example.com')
  expect(readDeployment(file())).toMatchObject({
    API_URL: 'https://api.example.com',
    API_IDENTIFIER: 'orders',
  })
  expect(changedLines()).toEqual([])
  expect(run.lines.slice(-2)).toEqual(['Now:', `  npm run deploy -- staging --env-file ${file()}`])
})

test('another product is asked for the URL of its API: the example fits todos alone', async () => {
  const answers = ['example', 'https://orders.example.com', '', ...ofPingOne]
  const run = await runSetUp('dev', answers, undefined, { ...todos, slug: 'orders' })
  expect(run).toMatchObject({ problem: undefined, left: [] })
  expect(readDeployment(file())).toMatchObject({
    API_URL: 'https://orders.example.com',
    API_IDENTIFIER: 'orders-api',
  })
})

test('an environment that has a hostname and a bound API is asked for neither', async () => {
  const text = untouched
    .replace('"routes": []', '"routes": [{ "pattern": "mcp.example.org", "custom_domain": true }]')
    .replace('// "services": [{ "binding": "API", "service": "todo-api-production"', (line) => line.slice(3))
  writeFileSync(configuration(), text)
  const run = await runSetUp('production', ofPingOne)
  expect(run).toMatchObject({ problem: undefined, left: [] })
  expect(readDeployment(file())['PUBLIC_ORIGIN']).toBe('https://mcp.example.org')
  expect(readFileSync(configuration(), 'utf8')).toBe(text)
})

test.for([
  ['a hostname with a path', ['mcp.example.com/mcp', 'mcp.example.com', ...ofPingOne], /must be a hostname/],
  ['a placeholder', ['mcp.example.com', 'https://auth.pingone.eu/<id>/as', ...ofPingOne], /without < and >/],
  ['an empty client id', ['mcp.example.com', ISSUER, '', 'the-client', SECRET, 'p'], /must not be empty/],
] as const)('%s is asked for again, with the rule', async ([, answers, rule]) => {
  const run = await runSetUp('production', answers)
  expect(run).toMatchObject({ problem: undefined, left: [] })
  expect(run.output).toMatch(rule)
})

test('an API on http is refused', async () => {
  await expect(runSetUp('dev', ['example'], 'http://api.example.com')).rejects.toThrow(
    /^--api-url must be an https address/,
  )
})

test('the address of the discovery document is an answer too', async () => {
  const [, ...others] = ofPingOne
  await runSetUp('dev', ['example', `${ISSUER}/.well-known/openid-configuration`, ...others])
  expect(readDeployment(file())['PINGONE_ISSUER']).toBe(ISSUER)
})

test('a settings file that is there is never replaced: its keys may be in use', async () => {
  writeFileSync(file(), '{}')
  const run = await runSetUp('production', ['mcp.example.com', ...ofPingOne])
  expect(run.problem).toMatch(/is there already.*--file/)
  expect(run.questions).toEqual([])
  expect(readFileSync(file(), 'utf8')).toBe('{}')
})

test('an environment in another form gets no entries, and the problem says which ones', async () => {
  const environment = { name: 'x', workers_dev: false, routes: [] }
  writeFileSync(configuration(), JSON.stringify({ name: 'x', env: { production: environment } }))
  const run = await runSetUp('production', ['mcp.example.com', ...ofPingOne])
  expect(run.problem).toMatch(
    /settings file is written.*"pattern": "mcp\.example\.com".*"service": "todo-api-production".*yourself/,
  )
})

test.for([
  [['production'], 1, /needs a terminal.*docs\/run\.md/],
  [[], 2, /^Say one environment\.\nAccepted form/],
  [['prod'], 2, /^There is no environment prod/],
  [['production', '--secret'], 2, /Unknown option '--secret'/],
] as const)('npm run setup -- %s without a terminal ends with %d', ([words, code, text]) => {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'setup', '--', ...words], {
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  })
  expect(stderr).toMatch(text)
  expect(status).toBe(code)
})
