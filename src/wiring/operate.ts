import { ClientCutoffTable } from '#audit/cutoffs.ts'
import { OperatedRecords } from '#audit/operated.ts'
import { type Ask, askD1, AuditQuestions } from '#audit/read-questions.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { retryOnce } from '#lib/retry-once.ts'
import type { RoleGroups } from '#lib/roles.ts'
import type { OperateDeps } from '#operate/deps.ts'
import type { Call, Isolate } from './isolate.ts'

/** `operators`: the groups that have a role. Without one there is no `/operate`. */
export type OperateCall = Call & { operators: RoleGroups }

/** What `/operate` is given. */
export function wireOperate({ options, names, nowSeconds, denialCounter, findUser, userByName }: Isolate) {
  const { storageMs } = options.deps.deadlines
  const recordsOf = oncePerEnv((env: Env) => {
    const askOnce = askD1(env.RECORDS)
    const ask: Ask = (question) => retryOnce(storageMs, () => askOnce(question))
    return {
      ask,
      questions: new AuditQuestions(ask),
      records: new OperatedRecords(ask),
      cutoffs: new ClientCutoffTable(env.RECORDS, storageMs),
    }
  })

  return (
    { env, ctx, config, pingone, failures, operators }: OperateCall,
    request: Request,
  ): OperateDeps => ({
    ...recordsOf(env),
    config,
    pingone,
    operators,
    apiName: names.api,
    nowSeconds,
    countDenial: denialCounter(env),
    afterAnswer: (work) => ctx.waitUntil(work),
    userOf: (id) => findUser(env, id),
    userNamed: (name) => userByName(env, name),
    limitFailure: (answer, tooMany) => {
      failures.note(request)
      return failures.limit(request, answer, tooMany)
    },
  })
}
