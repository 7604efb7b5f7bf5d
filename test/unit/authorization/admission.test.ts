import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Admission, type AdmissionSettings } from '#authorization/clients/admission.ts'
import { knownClients } from '#authorization/clients/known-clients.ts'

const admission = (settings: Partial<AdmissionSettings> = {}, isLocal = false) =>
  new Admission({ mode: 'known', clients: [], redirectHosts: [], ...settings }, { isLocal })

const exact = (kind: 'documents' | 'redirects') =>
  knownClients.flatMap((client) => client[kind]).filter((entry) => typeof entry === 'string')
const registered = 'AbCdEfGhIjKlMn_-'

test('every address on our list is one that the URL parser would not write otherwise', () => {
  const all = [...exact('documents'), ...exact('redirects')]
  expect(all.map((url) => new URL(url).href)).toEqual(all)
  expect(all.filter((url) => !url.startsWith('https://'))).toEqual([])
  expect(new Set(all).size).toBe(all.length)
})

test('a grammar on our list is anchored, and lets no slash, dot or percent sign through where an id is', () => {
  const grammars = knownClients.flatMap(({ documents, redirects }) => [...documents, ...redirects])
  for (const grammar of grammars.filter((entry) => entry instanceof RegExp)) {
    expect(grammar.source).toMatch(/^\^https:\\\/\\\/[a-z\\.]+\\\/.*\$$/)
    expect(grammar.flags).toBe('')
    expect(grammar.source.replace('\\/client\\.json', '')).not.toMatch(/[.*+](?!com)/)
  }
})

test('no other letter, anywhere, makes an address of a known client', () => {
  const known = admission()
  const mutated = fc
    .tuple(fc.constantFrom(...exact('documents')), fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }))
    .map(([url, at, text]) => {
      const place = at % (url.length + 1)
      return { url, changed: `${url.slice(0, place)}${text}${url.slice(place + (at % 2))}` }
    })
  fc.assert(
    fc.property(mutated, ({ url, changed }) => {
      fc.pre(changed !== url)
      const denial = known.refuseClientId(changed)
      // The mutated URL may equal another listed one.
      return (
        denial !== null ||
        knownClients.some(({ documents }) => documents.some((entry) => matches(entry, changed)))
      )
    }),
    { numRuns: 5000 },
  )
})
const matches = (entry: string | RegExp, text: string) =>
  typeof entry === 'string' ? entry === text : new URL(text).href === text && entry.test(text)

test('Copilot CLI is known by its one address, and nothing else on that host is', () => {
  const document = 'https://github.com/copilot/cli/client-metadata.json'
  expect(admission().refuseRequest(document, 'http://127.0.0.1:52413/')).toBeNull()
  expect(admission().labelOf(document, 'http://127.0.0.1:52413/')).toBe('Copilot CLI')
  for (const other of [
    `${document}/`,
    `${document}?x`,
    'https://github.com/copilot/cli/raw/main/client-metadata.json',
    'https://github.com/evil/cli/client-metadata.json',
    'https://gist.github.com/copilot/cli/client-metadata.json',
  ])
    expect([other, admission().refuseClientId(other)]).toEqual([other, 'document'])
})

test('a URL is never taken for the id of a registration', () => {
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      for (const mode of ['known', 'listed'] as const) {
        if (admission({ mode }).refuseClientId(url) !== 'document') return false
      }
      return true
    }),
  )
})

test.each([
  [registered, 'http://localhost:1234/callback', null],
  [registered, 'http://127.0.0.1/', null],
  [registered, 'http://127.1.2.3:5/x', null],
  [registered, 'http://[::1]:5/x', null],
  [registered, 'https://claude.ai/api/mcp/auth_callback', null],
  [registered, 'https://chatgpt.com/connector/oauth/FLLrQdlez6Uf', null],
  [registered, 'https://chatgpt.com/connector/oauth/short', 'redirect'],
  [registered, 'https://evil.example/api/mcp/auth_callback', 'redirect'],
  [registered, 'http://evil.example/', 'redirect'],
  [registered, 'no address', 'redirect'],
  [registered, 'cursor://anysphere.cursor-mcp/oauth/callback', 'scheme'],
  [registered, 'com.example.app:/callback', 'scheme'],
  [registered, 'javascript:alert(1)', 'scheme'],
  ['https://claude.ai/oauth/mcp-oauth-client-metadata', 'https://claude.ai/api/mcp/auth_callback', null],
  ['https://claude.ai/oauth/mcp-oauth-client-metadata', 'cursor://x', 'scheme'],
  ['https://evil.example/doc', 'https://claude.ai/api/mcp/auth_callback', 'document'],
  ['x'.repeat(65), 'http://localhost/', 'client-id'],
  ['', 'http://localhost/', 'client-id'],
  ['../grant', 'http://localhost/', 'client-id'],
])('known: %s with an answer at %s: %s', (client, redirectUri, denial) => {
  expect(admission().refuseRequest(client, redirectUri)).toBe(denial)
})

test('hosts of the operator are exact, port included, and plain http only on a computer', () => {
  const listed = admission({
    mode: 'listed',
    redirectHosts: ['app.example.com', 'dev.example.com:8443', 'localhost'],
  })
  const verdicts = Object.fromEntries(
    [
      'https://app.example.com/any/path?x=1',
      'https://app.example.com:443/',
      'https://dev.example.com:8443/',
      'http://localhost:1/',
      'https://app.example.com:8443/',
      'https://dev.example.com/',
      'http://app.example.com/',
      'https://sub.app.example.com/',
      'https://app.example.com@evil.example/',
      'https://user@app.example.com/',
      'https://app.example.com.evil.example/',
      'http://127.0.0.1:1/',
      'https://claude.ai/api/mcp/auth_callback',
    ].map((uri) => [uri, listed.admitsRedirect(uri)]),
  )
  expect(Object.entries(verdicts).flatMap(([uri, isAdmitted]) => (isAdmitted ? [uri] : []))).toEqual([
    'https://app.example.com/any/path?x=1',
    'https://app.example.com:443/',
    'https://dev.example.com:8443/',
    'http://localhost:1/',
  ])
})

test('a label is for who proved it: by a document, or by an address on the web', () => {
  const known = admission()
  const label = (client: string, redirectUri: string) => known.labelOf(client, redirectUri)
  expect(label('https://chatgpt.com/oauth/codex/client.json', 'http://localhost/callback')).toBe('Codex')
  expect(label('https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json', 'https://x.example/')).toBe('ChatGPT')
  expect(label(registered, 'https://vscode.dev/redirect')).toBe('VS Code')
  expect(label(registered, 'http://127.0.0.1:33418/')).toBeNull()
  expect(label('https://evil.example/doc', 'https://vscode.dev/redirect')).toBeNull()
})

test('open takes documents of public names only', () => {
  const open = admission({ mode: 'open' }, true)
  expect(open.refuseClientId('https://agents.example.com/oauth/client.json')).toBeNull()
  expect(open.refuseClientId('https://xn--80ak6aa92e.com/client')).toBeNull()
  for (const url of [
    'https://10.0.0.1/x',
    'https://printer.local/x',
    'https://a.example/x%2fy',
    'https://a.example/./x',
    'https://a.example/x?y',
    'https://A.example/x',
    'https://single/x',
  ]) {
    expect({ url, denial: open.refuseClientId(url) }).toEqual({ url, denial: 'document' })
  }
})
