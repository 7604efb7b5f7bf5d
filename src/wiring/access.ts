import { waitUntil } from 'cloudflare:workers'
import type { AskAccess } from '#activity/access.ts'
import { makeSubjects } from '#mcp/edge/subject.ts'
import { makeLists } from '#mcp/lists/listed.ts'
import { makeOffered, type OfferedThings } from '#mcp/lists/offered.ts'
import { makeReads } from '#mcp/lists/reads.ts'
import type { McpProduct } from '#mcp/product.ts'
import { AccessAnswer } from '#users/calls/access.ts'
import type { Isolate } from './isolate.ts'
import type { Policies } from './policy.ts'

/**
 * What myAccess asks: the user's object decides, with a head as for any request. `productOf`: with the engine's tools, so it
 * is asked only when a call comes.
 */
export function wireAccess(
  { requireUser }: Pick<Isolate, 'requireUser'>,
  policies: Pick<Policies, 'head'>,
  env: Env,
  productOf: () => McpProduct,
): AskAccess {
  let things: OfferedThings | undefined
  const offered = (): OfferedThings => {
    if (things !== undefined) return things
    const product = productOf()
    const [lists, reads] = [makeLists(product), makeReads(product)]
    things = makeOffered(product, reads, makeSubjects(product, reads, lists))
    return things
  }
  return async ({ user, from, me }, name) => {
    const asked = name === null ? offered().all : offered().named(name)
    const head = await policies.head(env, waitUntil)
    const object = await requireUser(env, user)
    const answer = AccessAnswer.parse(
      await object.surveyAccess({
        ...from,
        scopes: [...me.scopes],
        policy: head && { policy: head.policy, switches: head.switches },
        subjects: asked.map(({ kind: _kind, name: _name, ...subject }) => subject),
      }),
    )
    if (answer.state !== 'known') return answer
    const found = asked.flatMap((one, at) => {
      const access = answer.subjects[at]
      return access ? [{ ...access, kind: one.kind, name: one.name }] : []
    })
    return { ...answer, things: found }
  }
}
