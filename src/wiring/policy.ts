import type { ControlApi } from '#control/control-api.ts'
import { makeControl } from '#control/control.ts'
import { readPolicyText, shortHash, type ValidDocument } from '#control/documents.ts'
import { HeadCache } from '#control/head-cache.ts'
import type { Head } from '#control/head.ts'
import { PRIMARY, REPLICAS } from '#control/replicas.ts'
import { log } from '#lib/log.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { redacted } from '#lib/redacted.ts'
import { within } from '#lib/retry-once.ts'
import type { Policy } from '#policy/policy.ts'
import type { PolicyName } from '#policy/settings.ts'
import { widens } from '#policy/widens.ts'
import type { Isolate } from './isolate.ts'
import { makePolicyCheck } from './policy-checks.ts'
import { POLICY_TEXTS } from './policy-texts.ts'

const MOST_COMPILED = 4
const DOCUMENT_MS = 1_000
/** Well under the deadline of an operator's request, which waits for all replicas. */
const REPLICA_MS = 2_000
const LOG_MS = 60_000

export interface Policies {
  /**
   * The head, at most HEAD_MAX_AGE_SECONDS old; null: no such head can be had now, so the request gets 503. `notBeforeMs`: the
   * head must have been confirmed at that time or later, for what follows a question to the user (invariant 18).
   */
  head(env: Env, afterAnswer: (work: Promise<unknown>) => void, notBeforeMs?: number): Promise<Head | null>
  /** The compiled policy with this hash; null: it cannot be had now, so the request gets 503. */
  policyOf(env: Env, hash: string): Promise<Policy | null>
}

/** A stub whose object died stays dead, so every RPC takes a new one. */
export const reachControl = (env: Env, name: string): ControlApi => env.CONTROL.getByName(name)

/** Policy at the edge and in the users' objects. Documents are kept per isolate, since a hash names one content for good. */
export function makePolicies({ nowMs, partsOf }: Isolate): Policies {
  const compiled = new Map<string, Policy>()
  const carried = new Map<PolicyName, ValidDocument | null>()
  let loggedMs = -Infinity

  function keep(policy: Policy): void {
    compiled.delete(policy.hash)
    compiled.set(policy.hash, policy)
    const [oldest] = compiled.keys()
    if (compiled.size > MOST_COMPILED && oldest !== undefined) compiled.delete(oldest)
  }

  /** null: it is not valid, which is logged once per isolate. */
  async function carriedBy(env: Env): Promise<ValidDocument | null> {
    const name = partsOf(env).config.policy.carried
    const known = carried.get(name)
    if (known !== undefined) return known
    const read = await readPolicyText(POLICY_TEXTS[name])
    if (!read.ok) log.error('policy.not-adopted', { document: name, problems: read.error })
    const document = read.ok ? read.value : null
    carried.set(name, document)
    return document
  }

  const cacheOf = oncePerEnv(
    (env: Env) =>
      new HeadCache({
        nowMs,
        maxAgeMs: partsOf(env).config.policy.headMaxAgeMs,
        readHead: (replica) => reachControl(env, replica).readHead(),
        bundle: async () => (await carriedBy(env))?.policy.hash ?? null,
        isShared: () => partsOf(env).config.policy.isShared,
        adopt: async () => {
          const document = await carriedBy(env)
          return document === null ? null : reachControl(env, PRIMARY).adopt(document.text)
        },
        random: Math.random,
      }),
  )

  /** A replica that does not have it asks the primary. */
  async function fetchDocument(env: Env, hash: string): Promise<string | null> {
    const first = Math.floor(Math.random() * REPLICAS.length)
    const [one, other] = [REPLICAS[first], REPLICAS[(first + 1) % REPLICAS.length]]
    const ask = (name = PRIMARY as string) => within(DOCUMENT_MS, reachControl(env, name).readDocument(hash))
    return ask(one).catch(() => ask(other))
  }

  /** One line a minute. */
  function report(hash: string, detail: string): null {
    if (nowMs() - loggedMs >= LOG_MS) {
      loggedMs = nowMs()
      log.error('policy.document-not-read', { hash: shortHash(hash), detail })
    }
    return null
  }

  async function load(env: Env, hash: string): Promise<Policy | null> {
    const own = await carriedBy(env)
    if (own?.policy.hash === hash) return own.policy
    const text = await fetchDocument(env, hash)
    if (text === null) return report(hash, 'Control does not have it')
    const read = await readPolicyText(text)
    if (!read.ok) return report(hash, read.error.join('; '))
    return read.value.policy.hash === hash ? read.value.policy : report(hash, 'it has another hash')
  }

  return {
    head: (env, afterAnswer, notBeforeMs) => cacheOf(env).head(afterAnswer, notBeforeMs),
    policyOf: async (env, hash) => {
      try {
        const policy = compiled.get(hash) ?? (await load(env, hash))
        if (policy !== null) keep(policy)
        return policy
      } catch (error) {
        return report(
          hash,
          error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error',
        )
      }
    },
  }
}

/** The class behind the binding CONTROL. */
export const wireControl = (isolate: Isolate) =>
  makeControl({
    nowMs: isolate.nowMs,
    deadlineMs: REPLICA_MS,
    reach: reachControl,
    lint: makePolicyCheck(isolate),
    widens,
    isShared: (env) => isolate.partsOf(env).config.policy.isShared,
  })
