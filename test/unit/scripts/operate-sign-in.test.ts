import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkCodeOf } from '#operate/native-client.ts'
import { listenForAnswer } from '../../../scripts/operate/loopback.ts'
import { openerOf } from '../../../scripts/operate/open-browser.ts'
import { signIn } from '../../../scripts/operate/sign-in.ts'
import { NotDone } from '../../../scripts/operate/terminal.ts'
import { TokenFile } from '../../../scripts/operate/token-file.ts'
import { playOperate } from './play-operate.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'operate-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const ORIGIN = 'https://mcp.example.com'
const never = () => new AbortController().signal

test('the token is in a private file of its server until it expires', () => {
  const file = new TokenFile(state, ORIGIN)
  expect(file.read()).toBeUndefined()
  file.write('op_secret', 2000)
  expect(statSync(file.path).mode & 0o777).toBe(0o600)
  expect(file.read(1999)).toBe('op_secret')
  expect(new TokenFile(state, 'https://other.example.com').read(1999)).toBeUndefined()
  expect(file.read(2000)).toBeUndefined()
  expect(existsSync(file.path)).toBe(false)
})

test('a file that another program wrote gives no token', () => {
  const file = new TokenFile(state, ORIGIN)
  for (const text of [
    '',
    '{}',
    JSON.stringify({ origin: 'https://evil.example', token: 'x', endsAtMs: 9e15 }),
  ]) {
    writeFileSync(file.path, text)
    expect(file.read()).toBeUndefined()
    expect(existsSync(file.path)).toBe(false)
  }
})

test('a file that was readable for others is private after the next sign-in', () => {
  const file = new TokenFile(state, ORIGIN)
  writeFileSync(file.path, '{}')
  chmodSync(file.path, 0o644)
  file.write('op_secret', 2000)
  expect(statSync(file.path).mode & 0o777).toBe(0o600)
  expect(readdirSync(state)).toHaveLength(1)
})

test('the loopback server accepts one answer with its state, and nothing else', async () => {
  await using loopback = await listenForAnswer('right', never())
  const { redirectUri } = loopback
  expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/operate$/)
  for (const address of ['?code=c&state=wrong', '?code=c', '/more?state=right'])
    expect((await fetch(redirectUri + address)).status).toBe(400)
  const posted = await fetch(`${redirectUri}?code=c&state=right`, { method: 'POST' })
  expect(posted.status).toBe(400)
  const elsewhere = redirectUri.replace('127.0.0.1', 'localhost')
  expect((await fetch(`${elsewhere}?code=c&state=right`)).status).toBe(400)

  const page = await fetch(`${redirectUri}?code=c&state=right`)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('You can close this window.')
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  })
  expect((await loopback.answer).searchParams.get('code')).toBe('c')
})

test('after the answer nothing listens any more', async () => {
  let redirectUri = ''
  {
    await using loopback = await listenForAnswer('right', never())
    redirectUri = loopback.redirectUri
    await fetch(`${redirectUri}?state=right`)
    await loopback.answer
  }
  await expect(fetch(`${redirectUri}?state=right`)).rejects.toThrow('fetch failed')
})

/** What a browser does after the operator has signed in: it goes to the loopback address. */
const answering =
  (answerOf: (request: URLSearchParams) => Readonly<Record<string, string>>) =>
  (address: string): void => {
    const request = new URL(address).searchParams
    const target = new URL(request.get('redirect_uri') ?? '')
    target.search = new URLSearchParams(answerOf(request)).toString()
    void fetch(target)
  }
const withCode = answering((request) => ({ code: 'the-code', state: request.get('state') ?? '' }))

test('a sign-in sends PKCE and state, shows the check code of the page, and never the token', async () => {
  await using server = await playOperate({})
  const lines: string[] = []
  let address = ''
  const { token, endsAtMs } = await signIn({
    origin: server.origin,
    say: (line) => lines.push(line),
    requirePage: async () => {},
    openBrowser: (opened) => {
      address = opened
      withCode(opened)
    },
  })
  expect(token).toBe('op_1')
  expect(endsAtMs).toBeGreaterThan(Date.now())
  const request = new URL(address)
  expect(request.origin + request.pathname).toBe(`${server.origin}/operate/authorize`)
  const { code_challenge: challenge = '', ...rest } = Object.fromEntries(request.searchParams)
  expect(rest).toEqual({
    response_type: 'code',
    client_id: 'operate-cli',
    redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/operate$/),
    code_challenge_method: 'S256',
    state: expect.stringMatching(/^[\w-]{43}$/),
  })
  const form = Object.fromEntries(server.form())
  expect(form).toMatchObject({
    grant_type: 'authorization_code',
    code: 'the-code',
    client_id: 'operate-cli',
    redirect_uri: rest['redirect_uri'],
  })
  const hash = createHash('sha256')
    .update(form['code_verifier'] ?? '')
    .digest('base64url')
  expect(hash).toBe(challenge)
  expect(lines[0]).toContain(address)
  expect(lines[1]).toContain(await checkCodeOf(challenge))
  expect(lines.join('\n')).not.toContain(token)
})

test('a declined sign-in, and one that nobody finishes, end with a sentence', async () => {
  const declined = signIn({
    origin: ORIGIN,
    say: () => {},
    requirePage: async () => {},
    openBrowser: answering((request) => ({ error: 'access_denied', state: request.get('state') ?? '' })),
  })
  await expect(declined).rejects.toThrow(new NotDone('The sign-in did not succeed: it was declined.'))
  const forgotten = signIn({
    origin: ORIGIN,
    say: () => {},
    requirePage: async () => {},
    openBrowser: null,
    timeoutMs: 1,
  })
  await expect(forgotten).rejects.toThrow('Nobody signed in within five minutes.')
})

test('the address is one argument of the program that opens it', () => {
  const address = 'https://mcp.example.com/operate/authorize?a=1&b=$(x)'
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const [command, ...parameters] = openerOf(platform, address)
    expect(command).not.toMatch(/cmd|sh$/)
    expect(parameters.at(-1)).toBe(address)
  }
})

test('the file of the token is not in the repository', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../.gitignore'), 'utf8')).toContain('.wrangler')
})
