import type { LoginDeps } from '#authorization/login/login-state.ts'
import type { LibraryRun } from '#authorization/server.ts'
import type { TokenRunDeps } from '#authorization/token/token-request.ts'
import { GrantDraft, kvStorage, LoginStorage, providerEnv } from '#oauth-store/provider-storage.ts'
import type { WireCutoffs } from './cutoffs.ts'
import type { Call, Isolate } from './isolate.ts'
import type { Policies } from './policy.ts'

/** What `/authorize`, `/callback`, `/token` and `/register` are given. */
export function wireAuthorization(isolate: Isolate, cutoffsOf: WireCutoffs, policies: Policies) {
  const { options, names, nowMs, nowSeconds, denialCounter, findUser, requireUser } = isolate
  const { deps } = options
  const { documentMs, storageMs } = deps.deadlines
  const toKv = (env: Env) => kvStorage(env.OAUTH_KV, storageMs)

  const login = ({ env, ctx, config, pingone, authorization, admission }: Call): LoginDeps => {
    const storage = new LoginStorage(toKv(env))
    return {
      config,
      pingone,
      admission,
      cutoffs: cutoffsOf(env, (work) => ctx.waitUntil(work)),
      fetch: deps.fetch,
      documentMs,
      product: names,
      nowSeconds,
      nowMs,
      countDenial: denialCounter(env),
      oauth: authorization.getOAuthApi(providerEnv(env, storage)),
      settle: () => storage.settle(),
      afterAnswer: (work) => ctx.waitUntil(work),
      policies: {
        head: () => policies.head(env, (work) => ctx.waitUntil(work)),
        policyOf: (hash) => policies.policyOf(env, hash),
      },
      noteRefusal: async (user, refused) => (await requireUser(env, user)).noteRefusal(refused),
      openGrant: async (user, grant) => (await requireUser(env, user)).openGrant(grant),
      newDraft: (user) => {
        const draft = new GrantDraft(storage, user, new Map(), nowSeconds)
        return { draft, oauth: authorization.getOAuthApi(providerEnv(env, draft)) }
      },
    }
  }

  const tokenRun = ({ env, ctx, authorization, config, failures }: Call): TokenRunDeps => ({
    run: (request, storage) => authorization.fetch(request, providerEnv(env, storage), ctx),
    storage: toKv(env),
    userApiOf: (user) => findUser(env, user),
    nowSeconds,
    nowMs,
    policyHead: () => policies.head(env, (work) => ctx.waitUntil(work)),
    cutoffs: cutoffsOf(env, (work) => ctx.waitUntil(work)),
    confirmGrant: (request) => failures.confirm(request),
    noteFailure: (request) => failures.note(request),
    mostGrants: config.life.grantsPerUser,
  })

  const registrar = ({ env, ctx, registrar: server }: Call): LibraryRun => ({
    run: (request, storage) => server.fetch(request, providerEnv(env, storage), ctx),
    storage: toKv(env),
  })

  /** The library's own answers: metadata, other methods of its endpoints, 404. */
  const answerByLibrary = ({ env, ctx, authorization }: Call, request: Request) =>
    authorization.fetch(request, providerEnv(env, toKv(env)), ctx)

  return { login, tokenRun, registrar, answerByLibrary }
}
