import { ClientCutoffTable } from '#audit/cutoffs.ts'
import { OperatedRecords } from '#audit/operated.ts'
import { type Ask, askD1, AuditQuestions } from '#audit/read-questions.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { retryOnce } from '#lib/retry-once.ts'
import type { RoleGroups } from '#lib/roles.ts'
import type { ControlApi } from '#control/control-api.ts'
import { readPolicyText } from '#control/documents.ts'
import { PRIMARY } from '#control/replicas.ts'
import { within } from '#lib/retry-once.ts'
import type { OperateDeps, PolicyDeps } from '#operate/deps.ts'
import type { PolicyName } from '#policy/settings.ts'
import { widens } from '#policy/widens.ts'
import type { Call, Isolate } from './isolate.ts'
import { type CheckPolicy, makePolicyCheck } from './policy-checks.ts'
import { POLICY_TEXTS } from './policy-texts.ts'
import { reachControl } from './policy.ts'

/** A change waits until every copy has answered or has had its time (wiring/policy.ts). */
const CONTROL_MS = 8_000

/** `operators`: the groups that have a role. Without one there is no `/operate`. */
export type OperateCall = Call & { operators: RoleGroups }

/** What `/operate` is given. */
export function wireOperate(isolate: Isolate) {
  const { options, names, nowSeconds, denialCounter, partsOf, findUser, userByName } = isolate
  const check = makePolicyCheck(isolate)
  const { storageMs } = options.deps.deadlines
  const recordsOf = oncePerEnv((env: Env) => {
    const askOnce = askD1(env.RECORDS)
    const ask: Ask = (question) => retryOnce(storageMs, () => askOnce(question))
    return {
      ask,
      questions: new AuditQuestions(ask),
      records: new OperatedRecords(ask),
      cutoffs: new ClientCutoffTable(env.RECORDS, storageMs),
      policy: policyDeps(env, partsOf(env).config.policy.carried, check),
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

/** Reaches the object that decides, and not its copies: an operator sees what is so now. */
function policyDeps(env: Env, name: PolicyName, check: CheckPolicy): PolicyDeps {
  const call = <T>(ask: (control: ControlApi) => Promise<T>): Promise<T> =>
    within(CONTROL_MS, ask(reachControl(env, PRIMARY)))
  return {
    control: {
      readDocument: (hash) => call((control) => control.readDocument(hash)),
      apply: (...given) => call((control) => control.apply(...given)),
      rollBack: (...given) => call((control) => control.rollBack(...given)),
      confirm: (...given) => call((control) => control.confirm(...given)),
      drop: (...given) => call((control) => control.drop(...given)),
      switchOff: (one) => call((control) => control.switchOff(one)),
      switchOn: (id) => call((control) => control.switchOn(id)),
    },
    state: () =>
      call(async (control) => {
        // Nobody may have used /mcp yet.
        const head = (await control.readHead()) ?? (await control.adopt(POLICY_TEXTS[name]))
        return head === null ? null : control.state()
      }),
    check: (document) => check(env, document),
    widens,
    carried: async () => {
      const read = await readPolicyText(POLICY_TEXTS[name])
      return { name, hash: read.ok ? read.value.policy.hash : null }
    },
  }
}
