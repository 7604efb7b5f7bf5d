import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Emulator } from '#harness/emulator.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { type Local, startLocal } from '#harness/local/start-local.ts'
import { runCommand } from '#harness/run-command.ts'
import { sharedWorld } from '#harness/shared-world.ts'
import { anchorsOf } from '../../scripts/docs/links.ts'
import { runSmoke } from '../../scripts/smoke/run.ts'
import { type Exchange, startRecordingProxy, type WholeAnswer } from '../support/recording-proxy.ts'

type Alter = (exchange: Exchange, answer: WholeAnswer) => WholeAnswer
const unaltered: Alter = (_exchange, answer) => answer
let alter = unaltered

const everything = new AsyncDisposableStack()
let system: Local

/** The system behind a proxy that stands at its public origin. */
beforeAll(async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'mcp-smoke-'))
  everything.defer(() => rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 }))
  const { ports } = everything.use(await reservePorts())
  const { ports: behind } = everything.use(await reservePorts())
  everything.use(
    await startRecordingProxy({
      port: ports.mcp,
      targetPort: behind.mcp,
      alter: (exchange, answer) => alter(exchange, answer),
    }),
  )
  system = everything.use(
    await startLocal({
      stateDir,
      ports,
      behind: { ...ports, mcp: behind.mcp },
      settings: { SECURITY_CONTACT: 'mailto:security@example.com, https://example.com/report' },
    }),
  )
}, 120_000)
afterAll(() => everything.disposeAsync())

afterEach(async () => {
  alter = unaltered
  await new Emulator(system.emulatorOrigin ?? '').reset()
})

const smoke = async (options?: Parameters<typeof runSmoke>[1]) => {
  const findings = await runSmoke(new URL(system.origin), options)
  const problems = findings.filter(({ level }) => level === 'problem').map(({ check }) => check)
  return { findings, problems }
}

const pathOf = ({ url }: Exchange): string => new URL(url, 'http://x').pathname

/** Alters the answers of one path. */
const at =
  (path: string, change: (answer: WholeAnswer, exchange: Exchange) => WholeAnswer): Alter =>
  (exchange, answer) =>
    pathOf(exchange) === path ? change(answer, exchange) : answer

const withoutHeader = (name: string) => (answer: WholeAnswer) => {
  const headers = new Headers(answer.headers)
  headers.delete(name)
  return { ...answer, headers }
}
const withHeader = (name: string, value: string) => (answer: WholeAnswer) => {
  const headers = new Headers(answer.headers)
  headers.set(name, value)
  return { ...answer, headers }
}
const replaced = (from: string, to: string) => (answer: WholeAnswer) => ({
  ...answer,
  body: answer.body.replaceAll(from, to),
})
const withMembers = (members: Readonly<Record<string, unknown>>) => (answer: WholeAnswer) => {
  const document: object = JSON.parse(answer.body)
  return { ...answer, body: JSON.stringify({ ...document, ...members }) }
}
const otherPage =
  (status = 200) =>
  (): WholeAnswer => ({
    status,
    headers: new Headers({ 'content-type': 'text/html' }),
    body: '<!doctype html><title>Just a moment</title>',
  })

test('the smoke test finds nothing wrong with a system that works, and a registered client sees its consent', async () => {
  const { findings } = await smoke({ register: true })
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
  expect(findings.length).toBeGreaterThan(18)
  expect(findings[0]?.found).toMatch(/^version \d+\.\d+\.\d+, commit unknown$/)
})

const SERVER = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource'
const CHALLENGE = '/mcp without a token'

test.for<[string, Alter, string]>([
  ['health of another program', at('/health', replaced('"version"', '"release"')), '/health'],
  ['health behind another page', at('/health', otherPage()), '/health'],
  ['no health', at('/health', otherPage(503)), '/health'],
  ['another issuer', at(SERVER, withMembers({ issuer: 'https://evil.example' })), SERVER],
  ['another token endpoint', at(`${SERVER}/mcp`, withMembers({ token_endpoint: '/token' })), `${SERVER}/mcp`],
  ['plain PKCE', at(SERVER, withMembers({ code_challenge_methods_supported: ['plain', 'S256'] })), SERVER],
  ['an endpoint elsewhere', at(SERVER, withMembers({ jwks_uri: 'https://evil.example/' })), SERVER],
  ['operators in the metadata', at(SERVER, withMembers({ operator_path: '/operate/authorize' })), SERVER],
  ['a slash after the resource', at(RESOURCE, replaced('/mcp"', '/mcp/"')), RESOURCE],
  ['another page for a document', at(`${RESOURCE}/mcp`, otherPage()), `${RESOURCE}/mcp`],
  ['a document of another type', at(SERVER, withHeader('content-type', 'text/plain')), SERVER],
  ['a challenge without its address', at('/mcp', withHeader('www-authenticate', 'Bearer')), CHALLENGE],
  ['no challenge', at('/mcp', otherPage(403)), CHALLENGE],
  [
    'blocked bots',
    at('/mcp', (answer, { asked }) =>
      /claude/i.test(asked.headers.get('user-agent') ?? '') ? otherPage(403)() : answer,
    ),
    "/mcp as Claude's servers",
  ],
  [
    'contacts that are over',
    at('/.well-known/security.txt', (answer) => ({
      ...answer,
      body: answer.body.replace(/^Expires: \d+/m, 'Expires: 2020'),
    })),
    '/.well-known/security.txt',
  ],
  [
    'no contact',
    at('/.well-known/security.txt', replaced('Contact:', 'Comment:')),
    '/.well-known/security.txt',
  ],
  ['a page in a frame', at('/me', withoutHeader('content-security-policy')), 'page /me'],
  ['scripts from elsewhere', at('/', withHeader('content-security-policy', "default-src 'self'")), 'page /'],
  ['types that are guessed', at('/callback', withoutHeader('x-content-type-options')), 'page /callback'],
  ['a referrer for others', at('/signed-in', withHeader('referrer-policy', 'unsafe-url')), 'page /signed-in'],
  ['a cached page', at('/smoke-test', withHeader('cache-control', 'public')), 'page /smoke-test'],
  ['a page with its opener', at('/me', withHeader('cross-origin-opener-policy', 'unsafe-none')), 'page /me'],
  [
    'a host that is rewritten',
    (exchange, answer) =>
      exchange.asked.headers.get('host')?.startsWith('localhost') === true
        ? answer
        : { ...answer, status: 200 },
    'another host name',
  ],
  [
    'a redirect for an unknown client',
    (exchange, answer) =>
      exchange.url.includes('client_id=')
        ? { ...withHeader('location', 'http://localhost:33418/')(answer), status: 302 }
        : answer,
    'a login of an unknown client',
  ],
  ['a login without PKCE', at('/me/sign-in', replaced('=S256', '=plain')), 'a sign-in begun at /me'],
  ['a login that begins nowhere', at('/me/sign-in', otherPage()), 'a sign-in begun at /me'],
])('%s is the one problem', async ([_name, fault, expected]) => {
  alter = fault
  const { findings, problems } = await smoke()
  expect(problems).toEqual([expected])
  const [problem] = findings.filter(({ level }) => level === 'problem')
  const [file = '', anchor] = problem?.page?.split('#') ?? []
  const text = readFileSync(file, 'utf8')
  expect([anchor, anchor === undefined || anchorsOf(text).has(anchor)]).toEqual([anchor, true])
  expect(problem?.fix).not.toBe('')
})

test('a policy that PingOne does not know is found before anyone signs in', async () => {
  await new Emulator(system.emulatorOrigin ?? '').set({ policyAssigned: false })
  expect((await smoke()).problems).toEqual(['the sign-in at PingOne'])
})

test('a server without contacts works, which is a note', async () => {
  alter = at('/.well-known/security.txt', otherPage(404))
  const { findings } = await smoke()
  const others = findings.filter(({ level }) => level !== 'ok')
  expect(others.map(({ level, check }) => [level, check])).toEqual([['note', '/.well-known/security.txt']])
})

test('a server that never answers is one problem', async () => {
  await using silent = createServer(() => {})
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const findings = await runSmoke(new URL(`http://127.0.0.1:${port}`), { deadlineMs: 200 })
  expect(findings).toMatchObject([{ level: 'problem', check: '/health', found: 'no answer in 0.2 s' }])
})

test('security.txt is for GET and HEAD, and does not exist without contacts', async () => {
  const statusOf = async (origin: string, method: string) =>
    (await fetch(`${origin}/.well-known/security.txt`, { method })).status
  const methods = ['GET', 'HEAD', 'POST']
  expect(await Promise.all(methods.map((method) => statusOf(system.origin, method)))).toEqual([200, 200, 405])
  const { origin } = sharedWorld()
  expect(await Promise.all(methods.map((method) => statusOf(origin, method)))).toEqual([404, 404, 405])
})

test('the commit that was deployed is known', async () => {
  const commit = '4b70b20aa1c4d0d5b1f0c7d4a4f7d1b1a1e2c3d4'
  await system.restart('mcp', { COMMIT: commit })
  const { findings, problems } = await smoke({ commit })
  expect([problems, findings[0]?.found]).toEqual([[], expect.stringContaining(`commit ${commit}`)])
})

async function command(...parameters: readonly string[]) {
  await using running = runCommand(process.execPath, ['scripts/smoke.ts', ...parameters])
  const code = await running.exit
  return { code, lines: running.lines }
}

test('the command ends with 0, with 1 for a problem such as another commit, and with 2 for wrong use', async () => {
  const good = await command(system.origin)
  expect([good.code, good.lines.at(-1)]).toEqual([0, expect.stringMatching(/^ok +the sign-in at PingOne: /)])
  const other = await command(system.origin, '--commit', 'abc1234', '--json')
  const [first]: unknown[] = JSON.parse(other.lines.join('\n'))
  expect([other.code, first]).toMatchObject([1, { level: 'problem', check: '/health' }])
  for (const wrong of [['http://mcp.example.com'], ['localhost'], [`${system.origin}/mcp`], ['--nothing']])
    expect([wrong, (await command(...wrong)).code]).toEqual([wrong, 2])
})
