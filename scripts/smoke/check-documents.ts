import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Finding, note } from '../doctor/finding.ts'
import type { Answer, NoAnswer, Target } from './ask.ts'
import { type Check, faultsOf, jsonOf, judge, statusFault, typeFault } from './judge.ts'

const HEALTH: Check = {
  check: '/health',
  fix: 'deploy this version, or open the address in a browser to see what answers',
  page: 'docs/run.md#the-smoke-test',
}
const SETTINGS: Check = {
  ...HEALTH,
  fix: 'the log names the settings that are missing or wrong (settings.refused)',
  page: 'docs/configuration.md',
}
const ORIGIN: Check = {
  ...HEALTH,
  fix: 'ask the address in PUBLIC_ORIGIN, or change that setting',
  page: 'docs/configuration.md',
}

const Health = z.looseObject({
  ok: z.literal(true),
  version: z.string().regex(/^[\w.+-]{1,40}$/),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .nullable(),
})

/** `isUp`: the server answers under this address, so the other checks make sense. */
export async function checkHealth(
  { origin, ask }: Target,
  expected: string | undefined,
): Promise<{ finding: Finding; isUp: boolean }> {
  const answer = await ask(new URL('/health', origin))
  if ('failed' in answer) return { finding: judge(HEALTH, [answer.failed], ''), isUp: false }
  const { status } = answer
  if (status === 503)
    return { finding: judge(SETTINGS, ['503: the server refuses its settings'], ''), isUp: false }
  if (status === 421)
    return { finding: judge(ORIGIN, ['421: this is not the origin of the server'], ''), isUp: false }
  if (status !== 200) return { finding: judge(HEALTH, [`it answers ${status}`], ''), isUp: false }
  const health = Health.safeParse(jsonOf(answer.text))
  if (!health.success)
    return { finding: judge(HEALTH, ['the answer does not say version and commit'], ''), isUp: true }
  const { version, commit } = health.data
  const isOther = expected !== undefined && commit !== expected
  const found = `version ${version}, commit ${commit ?? 'unknown'}`
  return { finding: judge(HEALTH, isOther ? [`${found}, instead of ${expected}`] : [], found), isUp: true }
}

/** Members of a document with their exact values. */
type Members = Readonly<Record<string, unknown>>

const serverMembers = (origin: string): Members => ({
  issuer: origin,
  authorization_endpoint: `${origin}/authorize`,
  token_endpoint: `${origin}/token`,
  registration_endpoint: `${origin}/register`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
})

const resourceMembers = (origin: string): Members => ({
  resource: `${origin}/mcp`,
  authorization_servers: [origin],
})

const SERVER = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource'

/** RFC 8414 and RFC 9728, each at the root and with the path of the resource. */
export const checkMetadata = (target: Target): Promise<readonly Finding[]> =>
  Promise.all(
    [SERVER, `${SERVER}/mcp`, RESOURCE, `${RESOURCE}/mcp`].map(async (path) => {
      const { origin, ask } = target
      const members = path.startsWith(SERVER) ? serverMembers(origin) : resourceMembers(origin)
      const check: Check = {
        check: path,
        fix: 'no cache, rule or proxy may answer for the server; compare PUBLIC_ORIGIN with the address',
        page: 'docs/run.md#the-smoke-test',
      }
      const answer = await ask(new URL(path, origin), { headers: { accept: 'application/json' } })
      return judge(check, documentFaults(answer, members, origin), 'every address in it is of this origin')
    }),
  )

const documentFaults = (answer: Answer | NoAnswer, members: Members, origin: string): readonly string[] =>
  faultsOf(answer, (given) => {
    const read = z.record(z.string(), z.unknown()).safeParse(jsonOf(given.text))
    if (given.status !== 200 || !read.success)
      return [statusFault(given, 200), read.success ? null : 'it is not a JSON object']
    const document = read.data
    return [
      typeFault(given, 'application/json'),
      ...Object.entries(members).map(([name, expected]) =>
        isDeepStrictEqual(document[name], expected) ? null : `${name} is not ${JSON.stringify(expected)}`,
      ),
      ...Object.entries(document)
        .filter(([name, value]) => members[name] === undefined && leadsElsewhere(value, origin))
        .map(([name]) => `${name} leads to another origin`),
      /\/operate\b/.test(given.text) ? 'it names /operate' : null,
    ]
  })

const leadsElsewhere = (value: unknown, origin: string): boolean =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).origin !== origin

const SECURITY_PATH = '/.well-known/security.txt'
const SECURITY: Check = {
  check: SECURITY_PATH,
  fix: 'no other page may stand at this address; set SECURITY_CONTACT',
  page: 'docs/configuration.md',
}
const DAY_MS = 86_400_000

/** RFC 9116: contacts, and an end that is ahead, but less than a year. */
export async function checkSecurityText({ origin, ask }: Target, nowMs: number): Promise<Finding> {
  const answer = await ask(new URL(SECURITY_PATH, origin))
  if ('status' in answer && answer.status === 404) {
    const fix = 'set SECURITY_CONTACT, so that finders know where to report'
    return note(SECURITY_PATH, 'there is none', { fix, page: SECURITY.page })
  }
  const faults = faultsOf(answer, (given) => {
    const valuesOf = (field: string) =>
      [...given.text.matchAll(new RegExp(`^${field}: *(\\S+) *\\r?$`, 'gim'))].map(([, value]) => value)
    const ends = valuesOf('Expires').map((text) => Date.parse(text ?? ''))
    const [end = Number.NaN] = ends
    const isGoodEnd = ends.length === 1 && end > nowMs && end < nowMs + 365 * DAY_MS
    const canonical = valuesOf('Canonical')
    const isGoodCanonical = canonical.length === 0 || canonical.includes(`${origin}${SECURITY_PATH}`)
    return [
      statusFault(given, 200),
      typeFault(given, 'text/plain'),
      valuesOf('Contact').length === 0 ? 'it names no Contact' : null,
      isGoodEnd ? null : 'Expires is not within the next year',
      isGoodCanonical ? null : 'Canonical is another address',
    ]
  })
  return judge(SECURITY, faults, 'it names a contact')
}
