import { randomUUID } from 'node:crypto'
import { type Config, loadConfig } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { makePingOne } from '#pingone/client.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { checkApplication, applicationNotes } from './check-application.ts'
import { checkAuditKey, checkWebhook } from './check-audit.ts'
import { checkDiscovery } from './check-discovery.ts'
import { checkKeys } from './check-keys.ts'
import { checkLogins, loginNotes } from './check-logins.ts'
import { product } from '#harness/local/chosen-product.ts'
import { checkNames } from './check-names.ts'
import { type Finding, ok, problem } from './finding.ts'

const DEADLINE_MS = 8000
const LIMITS = { deadlineMs: DEADLINE_MS, maxBytes: 64 * 1024 }

/** Runs all checks that need no user: the settings, and PingOne's answers. */
export async function examine(settings: GivenSettings, fetch: Fetch): Promise<readonly Finding[]> {
  const misspelt = checkNames(settings)
  const config = loadConfig({ API: {}, ...settings }, product)
  if (!config.ok) {
    const { problems } = config.error
    return [...misspelt, ...problems.map(({ name, problem: rule }) => problem(`${name} ${rule}`))]
  }
  return [
    ...misspelt,
    ok('the settings fit together'),
    checkAuditKey(settings),
    ...checkWebhook(config.value),
    ...(await examinePingOne(config.value, fetch)),
  ]
}

async function examinePingOne(config: Config, fetch: Fetch): Promise<readonly Finding[]> {
  const address = `${config.pingone.issuer}/.well-known/openid-configuration`
  const document = await readJson(fetch, address)
  if ('failed' in document) {
    return [
      problem(`${address}: ${document.failed}. Is PINGONE_ISSUER right, and PingOne reachable from here?`),
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
    ...(keys === null ? [] : [await examineKeys(fetch, keys)]),
    ...application,
    ...logins,
    ...loginNotes({ isAccepted: isGood && logins.every(({ level }) => level === 'ok') }),
    ...applicationNotes(config),
  ]
}

async function examineKeys(fetch: Fetch, address: string): Promise<Finding> {
  const keys = await readJson(fetch, address)
  return 'failed' in keys ? problem(`the keys at jwks_uri: ${keys.failed}`) : checkKeys(keys.json)
}

/** Describes an error in our own sentence, without text from a foreign page. */
async function readJson(fetch: Fetch, address: string): Promise<{ json: unknown } | { failed: string }> {
  try {
    const answer = await boundedFetch(fetch, new Request(address), LIMITS)
    if (answer.status !== 200) return { failed: `it answers ${answer.status}` }
    const json: unknown = await answer.json()
    return { json }
  } catch (error) {
    if (error instanceof SyntaxError) return { failed: 'it answers something that is not JSON' }
    return {
      failed:
        error instanceof Error && error.name === 'TimeoutError' ? 'no answer in 8 seconds' : 'no answer',
    }
  }
}
