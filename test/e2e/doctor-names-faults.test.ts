import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { makePrivateJwk } from '#harness/make-private-jwk.ts'
import { readSettingsFile } from '#harness/local/settings.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { rootKey } from '#harness/root-key.ts'
import { storyContext } from '#harness/story.ts'
import { examine } from '../../scripts/doctor/examine.ts'
import { lineOf } from '../../scripts/doctor/finding.ts'
import { startAnotherOp } from '../support/another-op.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

/** A second instead of eight, for answers that never come. */
const impatient: typeof fetch = (input, init) => {
  const request = new Request(input, init)
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(1000)]) })
}

/** The problems of the running system, with these settings over its own. */
async function problemsWith(settings: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const good = readSettingsFile(describeStateFolder(story.stateDir).settingsOf('mcp'))
  const findings = await examine({ ...good, ...settings }, impatient)
  return findings.filter(({ level }) => level === 'problem').map((finding) => lineOf(finding).slice(9))
}

type Expected = RegExp | 'not visible'
const linesLike = (expected: Expected): readonly unknown[] =>
  expected === 'not visible' ? [] : [expect.stringMatching(expected)]

interface Row {
  readonly value: unknown
  readonly expected: Expected
  readonly settings?: Readonly<Record<string, string>>
}

/** Each switch of the emulator. `not visible`: it changes only what happens to a user who signs in. */
const SWITCHES: Readonly<Record<string, readonly Row[]>> = {
  decision: [{ value: 'deny', expected: 'not visible' }],
  flowError: [{ value: { error: 'access_denied', description: 'no' }, expected: 'not visible' }],
  policyAssigned: [{ value: false, expected: /^flow policy: PingOne does not find it/ }],
  rememberConsent: [{ value: false, expected: 'not visible' }],
  parRequired: [{ value: true, expected: /^pushed requests: .*set PINGONE_PAR=on/ }],
  clientKeysSeconds: [{ value: 60, expected: 'not visible' }],
  strictResource: [
    { value: true, expected: 'not visible' },
    {
      value: true,
      expected: /^resource parameter: .*switch PINGONE_SEND_RESOURCE off/,
      settings: { PINGONE_SEND_RESOURCE: 'on' },
    },
  ],
  secondResource: [
    { value: true, expected: 'not visible' },
    {
      value: true,
      expected: /^scopes: .*they belong to several resources/,
      settings: { PINGONE_EXTRA_SCOPES: 'reports:read' },
    },
  ],
  idToken: ['missing', 'wrong-acr', 'unsigned'].map((value) => ({ value, expected: 'not visible' })),
  userName: [{ value: 'Someone', expected: 'not visible' }],
  refreshIdToken: [{ value: 'missing', expected: 'not visible' }],
  groupsClaim: [{ value: 'missing', expected: 'not visible' }],
  groupCount: [{ value: 1000, expected: 'not visible' }],
  accessToken: ['wrong-audience', 'wrong-issuer', 'no-sid'].map((value) => ({
    value,
    expected: 'not visible',
  })),
  accessTokenSeconds: [{ value: 1, expected: 'not visible' }],
  typ: [{ value: 'none', expected: 'not visible' }],
  extraAccessScopes: [{ value: ['todo:admin'], expected: 'not visible' }],
  callbackState: [{ value: 'wrong', expected: 'not visible' }],
  callbackIss: [{ value: 'wrong', expected: 'not visible' }],
  callbackCode: [{ value: 'missing', expected: 'not visible' }],
  refreshTokens: [
    { value: 'none', expected: /^refresh tokens: .*switch the grant type Refresh Token on/ },
    { value: 'fixed', expected: 'not visible' },
  ],
  offlineAccess: [{ value: true, expected: 'not visible' }],
  refreshTokenSeconds: [{ value: 1, expected: 'not visible' }],
  rotationGraceSeconds: [{ value: 60, expected: 'not visible' }],
  replayProtection: [{ value: false, expected: 'not visible' }],
  sessionIdleSeconds: [{ value: 1, expected: 'not visible' }],
  sessionAgeSeconds: [{ value: 86_400, expected: 'not visible' }],
  freshSignOn: [{ value: 'ignored', expected: 'not visible' }],
  clockSkewSeconds: [
    { value: 30, expected: 'not visible' },
    { value: 3600, expected: /^clock: PingOne's is 3\d{3} seconds ahead of/ },
    { value: -3600, expected: /^clock: PingOne's is 3\d{3} seconds behind/ },
  ],
  // The table below has its faults.
  faults: [],
  slowMs: [{ value: 1, expected: 'not visible' }],
}

test('the table has every switch of the emulator', async () => {
  const answer: unknown = await (await fetch(`${story.emulatorOrigin}/__emulator/state`)).json()
  const { switches } = z.object({ switches: z.record(z.string(), z.unknown()) }).parse(answer)
  expect(Object.keys(SWITCHES).toSorted()).toEqual(Object.keys(switches).toSorted())
})

test.for(Object.entries(SWITCHES).flatMap(([name, rows]) => rows.map((row) => [name, row] as const)))(
  'the doctor names %s %o, and nothing else',
  async ([name, { value, expected, settings = {} }]) => {
    await story.emulator.set({ [name]: value })
    expect(await problemsWith(settings)).toEqual(linesLike(expected))
  },
)

const PUSHED = { PINGONE_PAR: 'on' }
const ANSWERS = ['503', '500', '429', 'html', 'malformed', 'hang', 'lost', 'reset-like', 'redirect'] as const

/** What the doctor says when an endpoint fails; `except`: faults that it takes for a good answer. */
const ENDPOINTS: Readonly<
  Record<string, { expected: Expected; except?: readonly string[]; settings?: Record<string, string> }>
> = {
  discovery: { expected: /^discovery document: \S+ (?:it|no) answer/ },
  jwks: { expected: /^signing keys of PingOne: jwks_uri: (?:it|no) answer/ },
  // A redirect to any page of PingOne could be its flow.
  authorize: { expected: /^authorization endpoint: no login can begin/, except: ['redirect'] },
  par: { expected: /^pushed requests: no login can begin/, settings: PUSHED },
  token: { expected: /^token endpoint: it (?:does not )?answer/ },
  // The status is the whole answer of a revocation (RFC 7009 §2.2).
  revoke: { expected: /^revocation endpoint: it refuses/, except: ['malformed'] },
  resume: { expected: 'not visible' },
  userinfo: { expected: 'not visible' },
  introspect: { expected: 'not visible' },
  signoff: { expected: 'not visible' },
}

test.for(
  Object.entries(ENDPOINTS).flatMap(([endpoint, row]) =>
    ANSWERS.map((fault) => [endpoint, fault, row] as const),
  ),
)(
  'the doctor names the fault of %s: %s',
  async ([endpoint, fault, { expected, except = [], settings = {} }]) => {
    await story.emulator.set({ faults: { [endpoint]: fault } })
    expect(await problemsWith(settings)).toEqual(linesLike(except.includes(fault) ? 'not visible' : expected))
  },
)

test.for([
  ['token', 'invalid_client', /^client authentication: PingOne refuses ours/, {}],
  ['par', 'invalid_client', /^pushed requests: PingOne refuses our authentication/, PUSHED],
  ['revoke', 'invalid_client', /^revocation endpoint: it refuses/, {}],
  ['token', 'invalid_grant', 'not visible', {}],
  ['token', 'slow', 'not visible', {}],
  ['par', '503', 'not visible', {}],
] as const)('the doctor and the fault of %s: %s', async ([endpoint, fault, expected, settings]) => {
  await story.emulator.set({ slowMs: 50, faults: { [endpoint]: fault } })
  expect(await problemsWith(settings)).toEqual(linesLike(expected))
})

test.for([
  ['a secret', undefined],
  ['a key and pushed requests', makePrivateJwk('ours')],
] as const)('an independent provider, reached with %s, raises no false alarm', async ([, privateKey]) => {
  await using op = await startAnotherOp(privateKey === undefined ? {} : { privateKey })
  const origin = 'http://localhost:8787'
  op.openFor(origin)
  const settings = { ...op.settings, PUBLIC_ORIGIN: origin, ROOT_KEYS: rootKey('k1') }
  const findings = await examine(settings, impatient)
  expect(findings.filter(({ level }) => level === 'problem').map(lineOf)).toEqual([])
  const accepted = findings.filter(({ level, check }) => level === 'ok' && check.startsWith('login for '))
  expect(accepted).toHaveLength(2)
})
