import {
  anyText,
  choice,
  faultsSwitch,
  flag,
  flowErrorSwitch,
  scopesSwitch,
  wholeNumber,
  type Reader,
} from './switch-readers.ts'

/**
 * What can be changed while the emulator runs, so that a test can ask "and what if PingOne did this?".
 * Each switch has one reader; the type, the validation and the control page follow from this table.
 */
export const readers = {
  /** Consent: ask the user, or decide for them ('fewer' gives only the first API scope asked for). */
  decision: choice('ask', 'deny', 'fewer'),
  /** What a flow designer may send instead of success at the end of the flow. */
  flowError: flowErrorSwitch,
  /** False: the flow policy is no longer assigned to the application. */
  policyAssigned: flag,
  rememberConsent: flag,
  /** True: the application must push its requests (`par_requirement`). */
  parRequired: flag,
  /** How long the keys of the application are kept after they were fetched from their address. */
  clientKeysSeconds: wholeNumber(0, 86_400),
  /** True: a `resource` parameter counts as asking for a second resource. */
  strictResource: flag,
  /** True: the application also has the scope `reports:read` of a second custom resource. */
  secondResource: flag,
  idToken: choice(
    'good',
    'missing',
    'wrong-issuer',
    'wrong-audience',
    'wrong-nonce',
    'no-nonce',
    'wrong-acr',
    'no-acr',
    'wrong-at-hash',
    'expired',
    'unsigned',
    'foreign-key',
    'other-subject',
    'wrong-subject-type',
  ),
  /** What the profile of whoever signs in says they are called; null: what they registered with. */
  userName: anyText,
  /** How many groups whoever signs in is in, beside their own. */
  groupCount: wholeNumber(0, 100_000),
  accessToken: choice('good', 'wrong-acr', 'wrong-audience', 'wrong-issuer', 'wrong-environment', 'no-sid'),
  accessTokenSeconds: wholeNumber(1, 2_592_000),
  /** The `typ` header of access tokens. */
  typ: choice('JWT', 'at+jwt', 'none'),
  /** Scopes in the access token that nobody asked for. */
  extraAccessScopes: scopesSwitch,
  callbackState: choice('good', 'wrong', 'missing'),
  callbackIss: choice('absent', 'right', 'wrong'),
  /** 'foreign': a code of somebody else's login, as in a code injection. */
  callbackCode: choice('good', 'missing', 'foreign'),
  /** 'none': the grant type is off at the application. 'fixed': no rotation. */
  refreshTokens: choice('rotate', 'none', 'fixed'),
  /** True: the application's OIDC grant contains offline_access, so a refresh token must be asked for. */
  offlineAccess: flag,
  refreshTokenSeconds: wholeNumber(1, 2_147_483_647),
  rotationGraceSeconds: wholeNumber(0, 86_400),
  /** An old refresh token kills its whole family. */
  replayProtection: flag,
  sessionIdleSeconds: wholeNumber(1, 2_147_483_647),
  /** How much longer ago than it was a session's sign-on counts as; one that the flow itself asks for is new. */
  sessionAgeSeconds: wholeNumber(0, 31_536_000),
  /** What a flow's designer made of "how old may the sign-on be": heeded, only `prompt=login`, nothing. */
  freshSignOn: choice('heeded', 'prompt-only', 'ignored'),
  /** How far the clock that stamps tokens is ahead (or behind). */
  clockSkewSeconds: wholeNumber(-86_400, 86_400),
  faults: faultsSwitch,
  /** How long the fault 'slow' takes. */
  slowMs: wholeNumber(0, 60_000),
} as const

type Read<R> = R extends Reader<infer T> ? T : never

/** The state of all switches. */
export type Switches = { readonly [Name in keyof typeof readers]: Read<(typeof readers)[Name]> }

/** PingOne as it behaves on a good day, with its own defaults. */
export const normalSwitches: Switches = {
  decision: 'ask',
  flowError: null,
  policyAssigned: true,
  rememberConsent: true,
  parRequired: false,
  clientKeysSeconds: 0,
  strictResource: false,
  secondResource: false,
  idToken: 'good',
  userName: null,
  groupCount: 0,
  accessToken: 'good',
  accessTokenSeconds: 3600,
  typ: 'JWT',
  extraAccessScopes: [],
  callbackState: 'good',
  callbackIss: 'absent',
  callbackCode: 'good',
  refreshTokens: 'rotate',
  offlineAccess: false,
  refreshTokenSeconds: 2_592_000,
  rotationGraceSeconds: 0,
  replayProtection: true,
  sessionIdleSeconds: 43_200,
  sessionAgeSeconds: 0,
  freshSignOn: 'heeded',
  clockSkewSeconds: 0,
  faults: {},
  slowMs: 3000,
}

export type Patched = { ok: true; switches: Switches } | { ok: false; problems: string[] }

/** Applies a merge patch (RFC 7396); null restores the normal value. One bad name or value and nothing changes. */
export function patchSwitches(switches: Switches, patch: unknown): Patched {
  if (!isRecord(patch)) return { ok: false, problems: ['a JSON object with names of switches is expected'] }
  const problems: string[] = []
  let next = switches
  for (const [name, value] of Object.entries(patch)) {
    if (!isSwitch(name)) problems.push(`${name}: no such switch`)
    else next = patchOne(next, name, value, problems)
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, switches: next }
}

function patchOne(switches: Switches, name: keyof Switches, value: unknown, problems: string[]): Switches {
  if (value === null) return { ...switches, [name]: normalSwitches[name] }
  const result = readers[name].read(value, switches[name])
  if (result.ok) return { ...switches, [name]: result.value }
  problems.push(`${name}: ${result.expected}`)
  return switches
}

export const isSwitch = (name: string): name is keyof Switches => Object.hasOwn(readers, name)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
