import type { AccountDeps } from '#account/deps.ts'
import type { Call, Isolate } from './isolate.ts'

/** What `/me`, `/step-up` and `/signed-in` are given. */
export const wireAccount =
  ({ names, nowSeconds, denialCounter, findUser }: Isolate) =>
  ({ env, ctx, config, pingone, admission, failures }: Call): AccountDeps => ({
    config,
    pingone,
    admission,
    product: names,
    nowSeconds,
    countDenial: denialCounter(env),
    noteFailure: (request) => failures.note(request),
    afterAnswer: (work) => ctx.waitUntil(work),
    userOf: (id) => findUser(env, id),
  })
