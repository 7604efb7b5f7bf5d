import { faultableEndpoints, faultNames, type FaultName, type Faults } from './faults.ts'

type ReadResult<T> = { ok: true; value: T } | { ok: false; expected: string }

/** Validates a switch. `shown` selects the control on the control page. */
interface Reader<T> {
  readonly shown: 'select' | 'number' | 'text' | 'line' | 'flow-error' | 'faults'
  readonly options: readonly string[]
  read(value: unknown, current: unknown): ReadResult<T>
}

const no = (expected: string): { ok: false; expected: string } => ({ ok: false, expected })
const yes = <T>(value: T): ReadResult<T> => ({ ok: true, value })

function choice<const Option extends string>(...options: readonly Option[]): Reader<Option> {
  return {
    shown: 'select',
    options,
    read(value) {
      const option = options.find((candidate) => candidate === value)
      return option === undefined ? no(`one of ${options.join(', ')}`) : yes(option)
    },
  }
}

const flag: Reader<boolean> = {
  shown: 'select',
  options: ['true', 'false'],
  read: (value) => (typeof value === 'boolean' ? yes(value) : no('true or false')),
}

function wholeNumber(least: number, most: number): Reader<number> {
  return {
    shown: 'number',
    options: [],
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? yes(value)
        : no(`a whole number from ${least} to ${most}`),
  }
}

const anyText: Reader<string | null> = {
  shown: 'line',
  options: [],
  read: (value) => (value === null || typeof value === 'string' ? yes(value) : no('null or a text')),
}

const scopesSwitch: Reader<readonly string[]> = {
  shown: 'text',
  options: [],
  read(value) {
    const isScope = (item: unknown): item is string => typeof item === 'string' && /^[!#-[\]-~]+$/.test(item)
    return Array.isArray(value) && value.every(isScope) ? yes(value) : no('a list of scopes')
  },
}

interface FlowError {
  readonly error: string
  readonly description: string
}

const flowErrorSwitch: Reader<FlowError | null> = {
  shown: 'flow-error',
  options: [],
  read(value) {
    const expected = no('null or { error, description }, both texts, error not empty')
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return expected
    if (!('error' in value) || !('description' in value)) return expected
    const { error, description } = value
    if (typeof error !== 'string' || error === '' || typeof description !== 'string') return expected
    return yes({ error, description })
  },
}

const faultsSwitch: Reader<Faults> = {
  shown: 'faults',
  options: ['', ...faultNames],
  read(value, current) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return no('an object of endpoints')
    const faults = new Map<string, FaultName>(Object.entries(isFaults(current) ? current : {}))
    for (const [endpoint, given] of Object.entries(value)) {
      const fault = faultNames.find((name) => name === given)
      if (!faultableEndpoints.some((name) => name === endpoint))
        return no(`${endpoint} is no endpoint of faults`)
      if (fault === 'invalid_grant' && endpoint !== 'token') return no('invalid_grant is for token only')
      if (given === null) faults.delete(endpoint)
      else if (fault === undefined) return no(`${endpoint} must be one of ${faultNames.join(', ')} or null`)
      else faults.set(endpoint, fault)
    }
    return yes(Object.fromEntries(faults))
  },
}

const isFaults = (value: unknown): value is Record<string, FaultName> =>
  typeof value === 'object' && value !== null

/** Behaviour that can change at runtime. Type, validation and control page derive from this table. */
export const readers = {
  /** Asks the user for consent, or decides: 'fewer' grants only the first requested API scope. */
  decision: choice('ask', 'deny', 'fewer'),
  /** The error that the flow ends with instead of success. */
  flowError: flowErrorSwitch,
  /** False: no flow policy is assigned to the application. */
  policyAssigned: flag,
  rememberConsent: flag,
  /** True: the application must push its requests (`par_requirement`). */
  parRequired: flag,
  /** How long fetched keys of the application are cached. */
  clientKeysSeconds: wholeNumber(0, 86_400),
  /** True: a `resource` parameter counts as a second resource. */
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
  /** The id token of a refresh: as at the login, without mapped attributes, or absent. */
  refreshIdToken: choice('whole', 'without-mapped', 'missing'),
  /** Overrides the name in the id token. */
  userName: anyText,
  /** The id token's claim `groups`: a list, absent, or one text with commas. */
  groupsClaim: choice('list', 'missing', 'text'),
  /** How many groups are added to the user's own. */
  groupCount: wholeNumber(0, 100_000),
  accessToken: choice('good', 'wrong-acr', 'wrong-audience', 'wrong-issuer', 'wrong-environment', 'no-sid'),
  accessTokenSeconds: wholeNumber(1, 2_592_000),
  /** The `typ` header of access tokens. */
  typ: choice('JWT', 'at+jwt', 'none'),
  /** Scopes that are added to access tokens without being requested. */
  extraAccessScopes: scopesSwitch,
  callbackState: choice('good', 'wrong', 'missing'),
  callbackIss: choice('absent', 'right', 'wrong'),
  /** 'foreign': the code of another login, as in a code injection. */
  callbackCode: choice('good', 'missing', 'foreign'),
  /** 'none': the grant type is off. 'fixed': no rotation. */
  refreshTokens: choice('rotate', 'none', 'fixed'),
  /** True: a refresh token needs the scope offline_access. */
  offlineAccess: flag,
  refreshTokenSeconds: wholeNumber(1, 2_147_483_647),
  rotationGraceSeconds: wholeNumber(0, 86_400),
  /** A used refresh token ends its whole family. */
  replayProtection: flag,
  sessionIdleSeconds: wholeNumber(1, 2_147_483_647),
  /** Added to the age of a session's sign-on; a sign-on within the flow stays new. */
  sessionAgeSeconds: wholeNumber(0, 31_536_000),
  /** Which parameters about the sign-on's age the flow obeys: all, only `prompt=login`, none. */
  freshSignOn: choice('heeded', 'prompt-only', 'ignored'),
  /** Added to the clock that issues and checks tokens, and to the header `Date`. */
  clockSkewSeconds: wholeNumber(-86_400, 86_400),
  faults: faultsSwitch,
  /** The delay of the fault 'slow'. */
  slowMs: wholeNumber(0, 60_000),
} as const

type Read<R> = R extends Reader<infer T> ? T : never

export type Switches = { readonly [Name in keyof typeof readers]: Read<(typeof readers)[Name]> }

/** PingOne's normal behaviour and its own defaults. */
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
  refreshIdToken: 'whole',
  userName: null,
  groupsClaim: 'list',
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

type PatchResult = { ok: true; switches: Switches } | { ok: false; problems: string[] }

/** Applies a merge patch (RFC 7396), all or nothing. Null restores the default. */
export function patchSwitches(switches: Switches, patch: unknown): PatchResult {
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
