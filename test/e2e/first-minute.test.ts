import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Ports } from '#harness/local/plan.ts'
import { SETTING_NAMES } from '#harness/local/settings.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { type RunningCommand, runCommand } from '#harness/run-command.ts'
import { storyContext } from '#harness/story.ts'

// A newcomer's first minute; docs/run.md describes it as a table.

async function makeFolder() {
  await using making = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'mcp-first-minute-'))
  making.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = making.use(await reservePorts())
  const place = making.move()
  return { folder, state: join(folder, 'state'), ports, [Symbol.asyncDispose]: () => place.disposeAsync() }
}

interface StartOptions {
  ports: Ports
  state: string
  file?: string
  environment?: Record<string, string>
}

const npmStart = ({ ports, state, file = '/dev/null', environment = {} }: StartOptions): RunningCommand =>
  runCommand('npm', ['start', '--', '--state', state, '--settings', file], {
    // An empty value removes a variable of the developer's terminal.
    ...Object.fromEntries(SETTING_NAMES.filter((name) => name in process.env).map((name) => [name, ''])),
    MCP_PORT: String(ports.mcp),
    TODO_API_PORT: String(ports.api),
    PINGONE_PORT: String(ports.pingone),
    ...environment,
  })

const outputOf = ({ lines }: RunningCommand) => lines.join('\n')

test('settings that cannot work are all named at once, before anything starts, and no value is said', async () => {
  await using place = await makeFolder()
  const file = join(place.folder, 'my.vars')
  writeFileSync(
    file,
    'PINGONE_ISSUER=http://hunter2.example/as/\nACCESS_TOKEN_MINUTES=hunter2\nPINGONE_ISUER=hunter2\n',
  )
  await using start = npmStart({ ...place, file, environment: { ROOT_KEYS: 'hunter2' } })
  expect(await start.exit).toBe(1)
  const output = outputOf(start)
  for (const line of [
    'PINGONE_ISSUER must be an https address',
    'PINGONE_ISSUER must not end with a slash',
    'PINGONE_DV_POLICY_ID is missing',
    'MCP_SERVER_CLIENT_ID is missing',
    'MCP_SERVER_CLIENT_SECRET is missing',
    'API_IDENTIFIER is missing',
    'ROOT_KEYS must be kid:base64url(32 bytes)',
    'ACCESS_TOKEN_MINUTES must be a whole number',
    'the PingOne emulator is not started',
    'docs/configuration.md',
    `${file}: PINGONE_ISUER is not a setting`,
  ]) {
    expect(output).toContain(line)
  }
  expect(output).not.toContain('hunter2')
  expect(output).not.toContain('    at ')
})

test('a variable that a file shadows, or is shadowed, is told', async () => {
  await using place = await makeFolder()
  const file = join(place.folder, 'my.vars')
  writeFileSync(file, 'ACCESS_TOKEN_MINUTES=5\nOPERATOR_CLAIM=roles\nAPI_IDENTIFIER=\n')
  await using start = npmStart({ ...place, file, environment: { ACCESS_TOKEN_MINUTES: '7', MCP_PORT: '1x' } })
  expect(await start.exit).toBe(1)
  const output = outputOf(start)
  expect(output).toContain(`From ${file}: ACCESS_TOKEN_MINUTES, OPERATOR_CLAIM`)
  expect(output).toContain(
    `ACCESS_TOKEN_MINUTES is in ${file} and in the environment: the environment's is used`,
  )
  expect(output).toContain('MCP_PORT must be a port, a number from 1 to 65535.')
})

test('a port that somebody else holds is named, with the way out', async () => {
  await using place = await makeFolder()
  const other = createServer().listen(place.ports.api, '127.0.0.1')
  try {
    await using start = npmStart(place)
    expect(await start.exit).toBe(1)
    expect(outputOf(start)).toContain(
      `Port ${place.ports.api} is taken. End what listens there, or choose others: TODO_API_PORT=`,
    )
  } finally {
    other.close()
  }
})

test('on other ports the state goes on, and clients are told to connect again', async () => {
  await using place = await makeFolder()
  await using others = await reservePorts()
  {
    await using first = npmStart(place)
    await first.line(/^ready /)
    expect(outputOf(first)).not.toContain('Moved')
  }
  await using second = npmStart({ ports: others.ports, state: place.state })
  await second.line(/^ready /)
  expect(outputOf(second)).toContain(
    `this state was at http://localhost:${place.ports.mcp}: clients that connected`,
  )
  const story = storyContext({
    origin: `http://localhost:${others.ports.mcp}`,
    mcpUrl: `http://localhost:${others.ports.mcp}/mcp`,
    issuer: '',
    emulatorOrigin: `http://localhost:${others.ports.pingone}`,
    apiOrigin: `http://localhost:${others.ports.api}`,
    stateDir: place.state,
  })
  const { tokens } = await story.signInWith(await story.newClient())
  expect(tokens.scope).toBe('todo:read')
}, 90_000)

test('127.0.0.1 instead of localhost is told the spelling that works', async () => {
  const { origin } = storyContext()
  const answer = await fetch(`${origin.replace('localhost', '127.0.0.1')}/mcp`, { method: 'POST' })
  expect(answer.status).toBe(421)
  expect(await answer.text()).toBe(
    `This server is ${origin}. Use exactly that address: OAuth compares it letter by letter.\n`,
  )
})

test.for(['18.20.0', '20.20.2', '22.17.1'])(
  'Node %s is told what to do instead of failing on TypeScript',
  async (version) => {
    const refused = promisify(execFile)(process.execPath, ['scripts/require-node.mjs', version])
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('npm ci') })
    const { stderr } = await promisify(execFile)(process.execPath, ['scripts/require-node.mjs', '22.18.0'])
    expect(stderr).toBe('')
  },
)
