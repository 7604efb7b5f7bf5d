import { waitUntil } from 'cloudflare:workers'
import { DenialCounts } from '#audit/denial-counts.ts'
import { Admission } from '#authorization/clients/admission.ts'
import {
  UNUSED_REGISTRATION_SECONDS,
  USED_REGISTRATION_SECONDS,
} from '#authorization/clients/register-client.ts'
import { makeAuthorizationServer, type AuthorizationServer } from '#authorization/server.ts'
import { type BadSettings, loadConfig, requireConfig, type Config } from '#config.ts'
import type { CountDenial } from '#events/denial-count.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import type { PublicKey } from '#lib/signing-keys.ts'
import type { Result } from '#lib/result.ts'
import { DailyCeiling } from '#limits/daily-ceiling.ts'
import { Failures } from '#limits/failures.ts'
import { Registrations } from '#limits/registrations.ts'
import { makePingOne, type PingOne } from '#pingone/client.ts'
import { nameErrors } from '#pingone/failures.ts'
import { openUserId } from '#users/base/user-id.ts'
import { reachUser } from '#users/reach-user.ts'
import type { UserObjectApi } from '#users/user.ts'
import type { ServerOptions } from './deps.ts'

/** Made once per isolate from the settings, which cannot change while it lives. */
export interface Parts {
  config: Config
  pingone: PingOne
  admission: Admission
  authorization: AuthorizationServer
  /** The same server for `/register` alone: an unused registration expires sooner (authorization/server.ts). */
  registrar: AuthorizationServer
  failures: Failures
  registrations: Registrations
}

/** One request, as the routes see it. */
export interface Call extends Parts {
  env: Env
  ctx: ExecutionContext
}

/** The public keys that verify our requests to PingOne; none with a client secret. */
export const publishedKeys = ({ pingone: { clientAuth } }: Config): readonly PublicKey[] =>
  clientAuth.method === 'private_key_jwt' ? clientAuth.keys.published : []

/** What all routes share. */
export interface Isolate {
  options: ServerOptions
  /** The names of this server and its API on pages. */
  names: { name: string; api: string }
  nowMs: () => number
  nowSeconds: () => number
  /** Counts the denials of one request that belong to no user. */
  denialCounter: (env: Env) => CountDenial
  configOf: (env: Env) => Result<Config, BadSettings>
  /** Throws when the settings are bad. */
  partsOf: (env: Env) => Parts
  /** The user with this id; null, without touching any object, for an id that this server did not make. */
  findUser: (env: Env, id: string) => Promise<UserObjectApi | null>
  /** The object with this name, which must be one that this server made. */
  userByName: (env: Env, name: string) => UserObjectApi
  /** The user with an id that was checked before; throws for any other. */
  requireUser: (env: Env, id: string) => Promise<UserObjectApi>
}

export function makeIsolate(options: ServerOptions): Isolate {
  nameErrors()
  const { product, deps } = options
  const nowMs = () => deps.nowMs()
  const nowSeconds = () => Math.floor(nowMs() / 1000)
  const configOf = oncePerEnv((env: Env) => loadConfig(env, product))

  const partsOf = oncePerEnv((env: Env): Parts => {
    const config = requireConfig(env, product)
    const { registrationsPerDay } = config.limits
    const ceiling = new DailyCeiling(env.RECORDS, registrationsPerDay, deps.deadlines.storageMs)
    return {
      config,
      admission: new Admission(config.admission, config),
      authorization: makeAuthorizationServer(config, nowSeconds, USED_REGISTRATION_SECONDS),
      registrar: makeAuthorizationServer(config, nowSeconds, UNUSED_REGISTRATION_SECONDS),
      failures: new Failures(env.FAILURES, nowMs),
      registrations: new Registrations(ceiling, nowMs),
      pingone: makePingOne(
        {
          ...config.pingone,
          apiIdentifier: config.api.identifier,
          deadlineMs: deps.deadlines.pingoneMs,
        },
        { fetch: deps.fetch, now: nowSeconds },
      ),
    }
  })

  const { pingoneMs, toolMs, storageMs } = deps.deadlines
  // Beginning a call can wait for a duplicate that is running, or for a token, which takes up to three requests.
  const callMs = storageMs + toolMs + 3 * pingoneMs
  const userByName = (env: Env, name: string) => reachUser(env, name, { userMs: storageMs, callMs })
  const findUser: Isolate['findUser'] = async (env, id) => {
    const name = await openUserId(partsOf(env).config.rootKeys, id)
    return name.ok ? userByName(env, name.value) : null
  }
  const requireUser: Isolate['requireUser'] = async (env, id) => {
    const user = await findUser(env, id)
    if (user === null) throw new Error('a user id that this server did not make reached an object')
    return user
  }

  const names = { name: product.title, api: product.apiName }
  const countsOf = oncePerEnv((env: Env) => new DenialCounts(env.RECORDS, nowMs, waitUntil))
  const denialCounter: Isolate['denialCounter'] = (env) => countsOf(env).count
  return {
    options,
    names,
    nowMs,
    nowSeconds,
    denialCounter,
    configOf,
    partsOf,
    userByName,
    findUser,
    requireUser,
  }
}
