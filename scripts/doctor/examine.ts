import { randomUUID } from 'node:crypto'
import { type Config, loadConfig } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { makePingOne } from '#pingone/client.ts'
import { product } from '#harness/local/chosen-product.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { checkApi } from './check-api.ts'
import { applicationNotes, checkApplication } from './check-application.ts'
import { checkAuditKey, checkOperators, checkWebhook } from './check-audit.ts'
import { checkClock, checkDiscovery } from './check-discovery.ts'
import { checkKeys, keysProblem } from './check-keys.ts'
import { checkLogins, loginNotes } from './check-logins.ts'
import { checkNames } from './check-names.ts'
import { type Finding, ok, problem } from './finding.ts'

const DEADLINE_MS = 8000
const LIMITS = { deadlineMs: DEADLINE_MS, maxBytes: 64 * 1024 }

/** What the server makes of these settings; undefined where they do not fit together. */
export const configOf = (settings: GivenSettings): Config | undefined => {
  const config = loadConfig({ API: {}, ...settings }, product)
  return config.ok ? config.value : undefined
}

/** Runs all checks that need neither a user nor a deployed server: the settings, PingOne's answers, the API. */
export async function examine(settings: GivenSettings, fetch: Fetch): Promise<readonly Finding[]> {
  const misspelt = checkNames(settings)
  const config = loadConfig({ API: {}, ...settings }, product)
  if (!config.ok) {
    const remedy = { fix: 'correct it', page: 'docs/configuration.md' }
    return [
      ...misspelt,
      ...config.error.problems.map(({ name, problem: rule }) =>
        problem('settings', `${name} ${rule}`, remedy),
      ),
    ]
  }
  return [
    ...misspelt,
    ok('settings', 'they fit together'),
    checkAuditKey(settings),
    ...checkWebhook(config.value),
    ...checkOperators(config.value),
    ...(await examinePingOne(config.value, fetch)),
    await checkApi(config.value, fetch),
  ]
}

async function examinePingOne(config: Config, fetch: Fetch): Promise<readonly Finding[]> {
  const address = `${config.pingone.issuer}/.well-known/openid-configuration`
  const document = await readJson(fetch, address)
  if ('failed' in document) {
    return [
      problem('discovery document', `${address}: ${document.failed}`, {
        fix: 'see that PINGONE_ISSUER is right, and PingOne reachable from here',
        page: 'docs/run.md#what-the-server-needs-from-the-tokens',
      }),
    ]
  }
  const { findings, keys } = checkDiscovery(document.json, config)
  const isGood = findings.every(({ level }) => level !== 'problem')
  const deps = { fetch, now: () => Math.floor(Date.now() / 1000) }
  const pingone = makePingOne(
    { ...config.pingone, apiIdentifier: config.api.identifier, deadlineMs: DEADLINE_MS },
    deps,
  )
  // If the discovery document has problems, its endpoints are not requested.
  const application = isGood ? await checkApplication({ pingone, config }, randomUUID()) : []
  const logins = isGood ? await checkLogins(config, fetch) : []
  return [
    ...findings,
    checkClock(document.date, document.atMs),
    ...(keys === null ? [] : [await examineKeys(fetch, keys)]),
    ...application,
    ...logins,
    ...loginNotes({ isAccepted: isGood && logins.every(({ level }) => level === 'ok') }),
    ...applicationNotes(config),
  ]
}

async function examineKeys(fetch: Fetch, address: string): Promise<Finding> {
  const keys = await readJson(fetch, address)
  return 'failed' in keys ? keysProblem(`jwks_uri: ${keys.failed}`) : checkKeys(keys.json)
}

type JsonAnswer = { json: unknown; date: string | null; atMs: number } | { failed: string }

/** Describes an error in our own sentence, without text from a foreign page. */
async function readJson(fetch: Fetch, address: string): Promise<JsonAnswer> {
  try {
    const answer = await boundedFetch(fetch, new Request(address), LIMITS)
    const atMs = Date.now()
    if (answer.status !== 200) return { failed: `it answers ${answer.status}` }
    const json: unknown = await answer.json()
    return { json, date: answer.headers.get('date'), atMs }
  } catch (error) {
    if (error instanceof SyntaxError) return { failed: 'it answers something that is not JSON' }
    return {
      failed:
        error instanceof Error && error.name === 'TimeoutError' ? 'no answer in 8 seconds' : 'no answer',
    }
  }
}
