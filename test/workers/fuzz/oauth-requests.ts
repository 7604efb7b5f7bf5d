import fc from 'fast-check'
import { oddJson, oddText, corrupted } from '#harness/fuzz/odd.ts'
import { authorizeFields, VERIFIER } from '../wire.ts'
import { headerText } from './mcp-requests.ts'
import { ORIGIN, REDIRECT_URI } from '../settings.ts'
import type { FuzzRequest } from './stage.ts'

type Fields = Readonly<Record<string, string>>

const authorize: Fields = authorizeFields('{client}')
const consent: Fields = { handle: '{handle}', decision: 'approve', scope: 'todo:write' }
const callback: Fields = { state: '{state}', code: 'the-code' }
const failed: Fields = { state: '{state}', error: 'access_denied', error_description: 'no' }
const code: Fields = {
  grant_type: 'authorization_code',
  code: '{writer}',
  redirect_uri: REDIRECT_URI,
  client_id: '{client}',
  code_verifier: VERIFIER,
  resource: `${ORIGIN}/mcp`,
}
const refresh: Fields = { grant_type: 'refresh_token', refresh_token: '{writer}', client_id: '{client}' }
// A made-up token: revoking a real one would end it for the other cases.
const revoke: Fields = { token: 'a:b:c', token_type_hint: 'access_token', client_id: '{client}' }
const end: Fields = { csrf: 'a'.repeat(64), grant: 'b'.repeat(16) }

const forms: readonly (readonly [method: string, path: string, fields: Fields])[] = [
  ['GET', '/authorize', authorize],
  ['GET', '/authorize', authorize],
  ['POST', '/authorize', consent],
  ['GET', '/callback', callback],
  ['GET', '/callback', failed],
  ['GET', '/signed-in', callback],
  ['POST', '/token', code],
  ['POST', '/token', refresh],
  ['POST', '/token', revoke],
  ['GET', '/me', {}],
  ['POST', '/me/sign-in', end],
  ['POST', '/me/end', end],
  ['POST', '/me/sign-out', end],
  ['POST', '/me/sign-out-of-pingone', end],
  ['GET', `/step-up/${'a'.repeat(32)}`, {}],
  ['POST', `/step-up/${'a'.repeat(32)}`, { csrf: 'a'.repeat(64), decision: 'approve' }],
]

type Pairs = readonly (readonly [string, string])[]
const pair = fc.tuple(oddText, oddText)
const knownPair = fc.tuple(
  fc.constantFrom(
    'client_id',
    'scope',
    'state',
    'resource',
    'prompt',
    'request',
    'request_uri',
    'claims',
    'nonce',
    'iss',
    'client_secret',
    'client_assertion',
    'response_mode',
    'code_challenge_method',
  ),
  oddText,
)

/** The valid fields, some dropped, changed or doubled, plus unexpected ones. */
const fieldsLike = (good: Fields): fc.Arbitrary<Pairs> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(10), fc.constantFrom('drop', 'change', 'double'), oddText), { maxLength: 2 }),
      fc.array(fc.oneof(pair, knownPair), { maxLength: 2 }),
    )
    .map(([changes, more]) => {
      const pairs = changes.reduce<Pairs>((now, [at, kind, other]) => {
        const index = at % (now.length + 1)
        const old = now[index]
        if (old === undefined) return now
        if (kind === 'double') return [...now, [old[0], other]]
        return now.flatMap((one, place) =>
          place !== index ? [one] : kind === 'drop' ? [] : [[old[0], other] as const],
        )
      }, Object.entries(good))
      return [...pairs, ...more]
    })

const encoded = (pairs: Pairs) =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value]))
    .toString()
    // Keeps the braces of placeholders.
    .replaceAll(/%7B(\w+)%7D/g, '{$1}')

const cookie = fc.oneof(
  { weight: 3, arbitrary: fc.constant('{cookies}') },
  { weight: 1, arbitrary: fc.constant(`__Host-me=${'a'.repeat(22)}.k1.${'b'.repeat(43)}~${'c'.repeat(43)}`) },
  { weight: 1, arbitrary: headerText },
)
const browser = fc.record({
  cookie,
  origin: fc.constantFrom(null, ORIGIN, ORIGIN, 'https://evil.example', 'null'),
  site: fc.constantFrom(null, 'same-origin', 'cross-site'),
  language: headerText,
})

const pageRequest: fc.Arbitrary<FuzzRequest> = fc.constantFrom(...forms).chain(([good, path, fields]) =>
  fc
    .record({
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(good) },
        { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE') },
      ),
      pairs: fieldsLike(fields),
      tail: fc.oneof(
        { weight: 15, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: oddText.map((text) => `/${encodeURIComponent(text.toWellFormed())}`) },
      ),
      browser,
      type: fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/x-www-form-urlencoded') },
        {
          weight: 1,
          arbitrary: fc.constantFrom('multipart/form-data; boundary=x', 'application/json', 'text/plain'),
        },
      ),
      basic: fc.option(headerText, { freq: 12 }),
    })
    .map(({ method, pairs, tail, browser: { cookie: jar, origin, site, language }, type, basic }) => ({
      method,
      path: `${path}${tail}${method === 'POST' ? '' : `?${encoded(pairs)}`}`,
      who: 'nobody' as const,
      session: 'none' as const,
      body: method === 'POST' || method === 'PUT' ? encoded(pairs) : null,
      headers: [
        ['cookie', jar],
        ['accept-language', language],
        ['content-type', type],
        ...(origin === null ? [] : [['origin', origin] as const]),
        ...(site === null ? [] : [['sec-fetch-site', site] as const]),
        ...(basic === null ? [] : [['authorization', `Basic ${basic}`] as const]),
      ],
    })),
)

const plain = fc.constant({
  redirect_uris: [REDIRECT_URI],
  client_name: 'Fuzz',
  token_endpoint_auth_method: 'none',
})
const metadata = fc.record(
  {
    redirect_uris: fc.array(
      fc.oneof(fc.constantFrom(REDIRECT_URI, 'cursor://x', 'https://app.example.com/cb'), oddText),
      { maxLength: 11 },
    ),
    client_name: oddText,
    'client_name#de': oddText,
    client_uri: fc.webUrl(),
    logo_uri: oddText,
    grant_types: fc.constantFrom(
      ['authorization_code'],
      ['client_credentials'],
      ['refresh_token', 'authorization_code'],
    ),
    response_types: fc.constant(['code']),
    token_endpoint_auth_method: fc.constantFrom(
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'x',
    ),
    scope: oddText,
    contacts: oddJson,
    jwks: oddJson,
    software_id: oddText,
  },
  { requiredKeys: ['redirect_uris'] },
)
const register: fc.Arbitrary<FuzzRequest> = fc
  .record({
    content: corrupted(fc.oneof(plain, metadata)),
    text: oddText,
    isJson: fc.constantFrom(true, true, true, true, false),
  })
  .map(({ content, text, isJson }) => ({
    method: 'POST',
    path: '/register',
    who: 'nobody',
    session: 'none',
    headers: [['content-type', 'application/json']],
    body: isJson ? (JSON.stringify(content) ?? '') : text,
  }))

const elsewhere: fc.Arbitrary<FuzzRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS'),
    path: fc.oneof(
      fc.constantFrom(
        '/',
        '/health',
        '/.well-known/oauth-authorization-server',
        '/.well-known/oauth-protected-resource/mcp',
        '/.well-known/jwks.json',
        '/.well-known/security.txt',
        '/.well-known/openid-configuration',
        '/assets/pages.css',
      ),
      oddText.map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
      oddText.map(
        (text) => `/.well-known/oauth-protected-resource/${encodeURIComponent(text.toWellFormed())}`,
      ),
    ),
    body: oddText,
    accept: headerText,
  })
  .map(({ method, path, body, accept }) => ({
    method,
    path,
    who: 'nobody',
    session: 'none',
    headers: [['accept', accept]],
    body: method === 'POST' ? body : null,
  }))

export const oauthRequest: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 10, arbitrary: pageRequest },
  { weight: 2, arbitrary: register },
  { weight: 1, arbitrary: elsewhere },
)
