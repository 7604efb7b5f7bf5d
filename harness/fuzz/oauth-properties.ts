import fc from 'fast-check'
import { readRegistrationMetadata } from '#authorization/clients/registration-metadata.ts'
import { redirectPlaces } from '#authorization/login/redirect-uri.ts'
import { tokenOwner } from '#authorization/token/token-owner.ts'
import { clientInFlow, shownClientName } from '#authorization/clients/shown-name.ts'
import { loadConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { isQueryTooLong, readForm, repeatedParameter } from '#http/read-request.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { makeUserId, openUserId } from '#users/base/user-id.ts'
import { AccessTokenClaims, idTokenClaims } from '#pingone/claims.ts'
import { Settings } from '#settings.ts'
import { oddJson, oddText, corrupted } from './odd.ts'
import { mustHold, type ParserProperty, propertyOf } from './parser-property.ts'
import { rootKey } from '../root-key.ts'

const keys = readRootKeys(`${rootKey('k1')},${rootKey('k2')}`, undefined)
if (!keys.ok) throw new Error(keys.error)
const rootKeys = keys.value
const owners = { rootKeys, retiredRootKeys: ['k1', 'k2', 'k3'] }

const goodSettings = fc.constant({
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: 'https://auth.pingone.eu/7f9a1f2e-0000-4000-8000-000000000001/as',
  PINGONE_DV_POLICY_ID: 'policy-1',
  MCP_SERVER_CLIENT_ID: 'client',
  MCP_SERVER_CLIENT_SECRET: 'hush-this-is-the-secret',
  API_IDENTIFIER: 'todo-api',
  ROOT_KEYS: rootKey('k1'),
})
const moreSettings = fc.dictionary(fc.constantFrom(...Object.keys(Settings.shape)), oddText, { maxKeys: 5 })

const metadata = corrupted(
  fc.record({
    redirect_uris: fc.array(oddText, { minLength: 1, maxLength: 11 }),
    client_name: oddText,
    'client_name#ja': oddText,
    software_id: oddText,
  }),
)

/** Header values, among them a cookie of ours. */
const cookieText = fc.stringMatching(/^[!-:<-~]{0,40}$/)
const ownId = fc
  .tuple(fc.nat(20), fc.constantFrom(...rootKeys))
  .map(([at, root]) => makeUserId(root, 'issuer', `subject-${at}`))
const FLOW_TEXT = /^[\p{L}\p{M}\p{N} .,_()+…-]*$/u

export const oauthProperties: readonly ParserProperty[] = [
  propertyOf(
    'settings are read or refused, and no denial has a value in it',
    fc.tuple(goodSettings, moreSettings),
    ([good, more]) => {
      const read = loadConfig({ ...good, ...more }, todos)
      if (read.ok) return mustHold(read.value.rootKeys.length > 0, 'no key')
      mustHold(read.error.problems.length > 0, 'refused, and nothing said')
      mustHold(!JSON.stringify(read.error).includes('hush'), 'a value')
    },
  ),
  propertyOf(
    'settings of any shape are refused in order',
    fc.dictionary(fc.oneof(oddText, fc.constantFrom(...Object.keys(Settings.shape))), oddJson),
    (given) => {
      mustHold(!loadConfig(given, todos).ok, 'they were taken')
    },
  ),
  propertyOf(
    'a registration within the limits stays within them, and its cleaned names are clean',
    metadata,
    (given) => {
      const read = readRegistrationMetadata(JSON.stringify(given) ?? '')
      if (!read.ok) return mustHold(read.error.status === 400, 'another status')
      mustHold(read.value.redirectUris.length <= 10, 'too many')
      const again = readRegistrationMetadata(JSON.stringify(read.value.cleaned))
      mustHold(
        again.ok && JSON.stringify(again.value.cleaned) === JSON.stringify(read.value.cleaned),
        'cleaning it again changes it',
      )
    },
  ),
  propertyOf('what is no registration is refused', oddText, (text) => {
    mustHold(!readRegistrationMetadata(text).ok, 'it was taken')
  }),
  propertyOf(
    'redirect places are short and have no path',
    fc.array(fc.oneof(oddText, fc.webUrl()), { maxLength: 12 }),
    (uris) => {
      const places = redirectPlaces(uris)
      mustHold(places.length <= 10 && places.every((place) => place.length <= 200), 'too much')
    },
  ),
  propertyOf(
    'a client’s name is never empty, and plain text in a flow',
    fc.tuple(oddText, oddText),
    ([clientName, redirectHost]) => {
      mustHold(shownClientName(clientName) !== '', 'empty')
      mustHold(FLOW_TEXT.test(clientInFlow({ clientName, redirectHost }).name), 'more than plain text')
    },
  ),
  propertyOf(
    'a cookie that we set is read again, among others',
    fc.tuple(cookieText, fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), cookieText))),
    ([value, others]) => {
      const name = '__Host-me'
      const all = [...others.map((pair) => pair.join('=')), `${name}=${value}`]
      const request = new Request('https://a.example', { headers: { cookie: all.join('; ') } })
      mustHold(readCookie(request, name) === value, 'another value')
      mustHold(
        ownCookie(name, value, 60).startsWith(`${name}=${value};`) &&
          droppedCookie(name).includes('Max-Age=0'),
        'not set',
      )
    },
  ),
  propertyOf(
    'of any cookie header a value without a semicolon is read, or none',
    fc.tuple(fc.stringMatching(/^[ -~]{0,80}$/), oddText),
    ([header, name]) => {
      const value = readCookie(new Request('https://a.example', { headers: { cookie: header } }), name)
      mustHold(value === null || (!value.includes(';') && header.includes(value)), 'made up')
    },
  ),
  propertyOf(
    'a form is read or is none',
    fc.tuple(
      oddText,
      fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded;charset=x',
        'text/plain',
      ),
    ),
    async ([body, type]) => {
      const form = await readForm(
        new Request('https://a.example', { method: 'POST', body, headers: { 'content-type': type } }),
      )
      mustHold((form === null) === (type === 'text/plain'), 'read, or not')
      mustHold(form === null || form.all('a').every((one) => typeof one === 'string'), 'not text')
    },
  ),
  propertyOf(
    'a parameter that came twice is found',
    fc.tuple(oddText, oddText, fc.array(oddText, { maxLength: 3 })),
    ([name, value, others]) => {
      const url = new URL('https://a.example/authorize')
      for (const one of [name, ...others, name])
        url.searchParams.append(one.toWellFormed(), value.toWellFormed())
      mustHold(repeatedParameter(url, [name.toWellFormed()]) === name.toWellFormed(), 'it is not')
      mustHold(isQueryTooLong(url) === url.search.length > 16_384, 'too long, or not')
    },
  ),
  propertyOf(
    'a user id opens again, and not with one character changed',
    fc.tuple(ownId, fc.nat(), fc.stringMatching(/^[A-Za-z0-9._-]$/)),
    async ([making, at, other]) => {
      const id = await making
      const opened = await openUserId(rootKeys, id)
      mustHold(opened.ok, 'it does not open')
      const place = at % id.length
      const changed = id.slice(0, place) + other + id.slice(place + 1)
      // The last base64url character has unused bits.
      if (changed !== id && place < id.length - 1)
        mustHold(!(await openUserId(rootKeys, changed)).ok, 'a changed one opens')
    },
  ),
  propertyOf(
    'no text is a token of ours',
    fc.oneof(
      oddText,
      fc.stringMatching(/^[A-Za-z0-9_-]{22}\.k[123]\.[A-Za-z0-9_-]{43}:[a-z]{16}:[a-z]{32}$/),
    ),
    async (text) => {
      const owner = await tokenOwner(owners, text)
      mustHold(!owner.ok && owner.error === 'not_ours', 'it was taken')
    },
  ),
  propertyOf(
    'claims are read or refused',
    fc.tuple(
      corrupted(fc.constant({ iss: 'i', sub: 's', sid: 'x', acr: 'a', aud: ['b'], exp: 1, scope: 'r w' })),
    ),
    ([claims]) => {
      const read = AccessTokenClaims.safeParse(claims)
      idTokenClaims({ groups: 'scope', policy: ['acr', 'aud'] }).safeParse(claims)
      if (read.success) mustHold(Array.isArray(read.data.aud) && !read.data.scope.includes(''), 'not a list')
    },
  ),
]
