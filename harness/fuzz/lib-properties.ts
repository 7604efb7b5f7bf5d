import fc from 'fast-check'
import { addressPrefix, isExactDocumentUrl, isExactHost } from '#lib/addresses.ts'
import { canonicalDigest, fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { boundedText, characterCount } from '#lib/bounded-text.ts'
import { loggedErrorCode, redacted } from '#lib/redacted.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { readSigningKeys } from '#lib/signing-keys.ts'
import { oddJson, oddText, corrupted } from './odd.ts'
import { mustHold, type ParserProperty, propertyOf } from './parser-property.ts'

const limit = fc.integer({ min: 2, max: 60 })
// Some scripts need joiners: see test/unit/lib/bounded-text.test.ts.
const UNSEEN =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2800]--[\u200b-\u200d\u0600-\u0605\u06dd\u0890\u0891\u08e2]]/v

const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.array(group, { minLength: 8, maxLength: 8 }).map((all) => all.join(':')),
  oddText,
  fc
    .array(fc.constantFrom(':', '::', 'ffff', '1', '.', '%eth0', '256', 'g'), { maxLength: 12 })
    .map((all) => all.join('')),
)
const NETWORK =
  /^(?:unknown|\d{1,3}\.\d{1,3}\.\d{1,3}\.0\/24|[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/48)$/

const keyText = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)
const rootKeys = fc.array(
  fc.tuple(fc.constantFrom('k1', 'k2', 'A9', 'cookie', ''), fc.oneof(keyText, oddText)),
  { maxLength: 4 },
)

const jwk = fc.record({
  kty: fc.constant('RSA'),
  kid: fc.constantFrom('a', 'b'),
  n: fc.constant('A'.repeat(342)),
  e: fc.constant('AQAB'),
  d: keyText,
  p: keyText,
  q: keyText,
  dp: keyText,
  dq: keyText,
  qi: keyText,
})
const keySet = corrupted(fc.oneof(jwk, fc.record({ keys: fc.array(jwk, { maxLength: 5 }) })))

export const libProperties: readonly ParserProperty[] = [
  propertyOf(
    'bounded text has no unseen character, keeps its bound, and cleaning it again changes nothing',
    fc.tuple(oddText, limit),
    ([text, most]) => {
      const clean = boundedText(text, most)
      mustHold(characterCount(clean) <= most, 'it is too long')
      mustHold(!UNSEEN.test(clean) && clean.isWellFormed(), 'something unseen is left')
      mustHold(boundedText(clean, most) === clean, 'cleaning it again changes it')
    },
  ),
  propertyOf(
    'a network is one of three forms, and the same for each spelling of an address',
    address,
    (text) => {
      const network = addressPrefix(text)
      mustHold(NETWORK.test(network), network)
      mustHold(
        addressPrefix(` ${text.toUpperCase()} `) === network || /[^\u0021-\u007e]/.test(text),
        'another spelling is another network',
      )
    },
  ),
  propertyOf('what is written as base64url is read as it was', fc.uint8Array({ maxLength: 200 }), (bytes) => {
    mustHold(toBase64Url(fromBase64Url(toBase64Url(bytes))) === toBase64Url(bytes), 'it is not')
  }),
  propertyOf(
    'a digest is the same in whatever order members stand',
    fc.dictionary(oddText, oddJson, { maxKeys: 6 }),
    async (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed())
      mustHold((await canonicalDigest(value)) === (await canonicalDigest(turned)), 'it is another')
    },
  ),
  propertyOf('an error code in the log is a word', oddText, (text) => {
    mustHold(/^[A-Za-z_]{1,40}$|^not a code$/.test(loggedErrorCode(text)), 'it is not')
  }),
  propertyOf(
    'a name that is exact is what the URL parser makes of it',
    fc.oneof(oddText, fc.webUrl(), fc.domain()),
    (text) => {
      if (isExactDocumentUrl(text)) mustHold(new URL(text).href === text, 'another address')
      if (isExactHost(text)) mustHold(new URL(`https://${text}`).host === text, 'another host')
    },
  ),
  propertyOf(
    'what looks like a credential is not in redacted text',
    fc.tuple(oddText, keyText, fc.constantFrom('Bearer', 'basic', 'DPoP')),
    ([text, secret, scheme]) => {
      const shown = redacted(`${text} ${scheme} ${secret} eyJ${secret}.${secret}.${secret}`)
      mustHold(!shown.includes(secret) && characterCount(shown) <= 300, 'it is')
    },
  ),
  propertyOf('root keys are all read, or none', fc.tuple(rootKeys, fc.option(oddText)), ([pairs, cookie]) => {
    const read = readRootKeys(pairs.map((pair) => pair.join(':')).join(','), cookie ?? undefined)
    if (!read.ok) return
    const ids = read.value.map(({ id }) => id)
    mustHold(new Set(ids).size === ids.length, 'two have one id')
    mustHold(
      pairs.every(([id]) => ids.includes(id)),
      'one is lost',
    )
  }),
  propertyOf(
    'a key set is refused or has public halves alone, and the denial repeats nothing',
    keySet,
    (given) => {
      const read = readSigningKeys(JSON.stringify(given) ?? '')
      if (!read.ok) return mustHold(read.error.length < 300, 'a long denial')
      mustHold(
        read.value.published.every((key) => !('d' in key) && !('p' in key)),
        'a private part',
      )
      mustHold(read.value.published.length <= 4, 'too many')
    },
  ),
  propertyOf('what is no key set is refused', oddText, (text) => {
    mustHold(!readSigningKeys(text).ok, 'it was taken')
  }),
]
