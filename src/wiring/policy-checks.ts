import { activityTools } from '#activity/tools.ts'
import { askD1, AuditQuestions } from '#audit/read-questions.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { policyCatalog } from '#mcp/lists/policy-catalog.ts'
import type { PolicyCatalog } from '#policy/catalog.ts'
import type { PolicyDocument } from '#policy/document.ts'
import { lintErrors } from '#policy/lint.ts'
import type { Isolate } from './isolate.ts'

/** No tool is called through it. */
const NOWHERE = new URL('https://api.invalid')
const callNothing = async (): Promise<Response> => {
  throw new Error('the catalog of policy called a tool')
}

/** Problems of a valid document with what this deployment offers; empty: it may take force. */
export type CheckPolicy = (env: Env, document: PolicyDocument) => string[]

/** The full product, whatever PROFILE says: a document is the same for both. */
export function makePolicyCheck({ options, nowSeconds, partsOf }: Isolate): CheckPolicy {
  const { product, deps } = options
  const catalogOf = oncePerEnv((env: Env): PolicyCatalog => {
    const { pingone, app } = partsOf(env).config
    const limits = { deadlineMs: deps.deadlines.apiMs, now: nowSeconds }
    const catalog = product.open({ ...limits, fetch: callNothing, baseUrl: NOWHERE }, env)
    const engine = activityTools({
      questions: new AuditQuestions(askD1(env.RECORDS)),
      deadlineMs: deps.deadlines.storageMs,
      nameOf: async (user) => user,
      access: async () => ({ state: 'unavailable' }),
    })
    const all = { ...catalog, tools: [...catalog.tools, ...engine] }
    return policyCatalog(app, all, { claims: pingone.claims.policy, hasGroups: true })
  })
  return (env, document) => lintErrors(document, catalogOf(env))
}
