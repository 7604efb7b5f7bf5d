import { z } from 'zod'
import { err } from '#lib/result.ts'
import { finishAct } from './acts.ts'
import type { Handler } from './answer.ts'
import { notFound } from './api-denial.ts'
import { type ActProgress, NextRequest, WALK_USERS } from './api-schema.ts'
import type { OperateDeps } from './deps.ts'
import { readWalk, type WalkPlace, writeWalk } from './walk-token.ts'

type ClientWalk = Extract<WalkPlace, { client: string }>
const ContinueRequest = NextRequest.extend({ act: z.uuid() })

type Step = Pick<ActProgress, 'affected' | 'next'>

/** A few objects at a time: one request may have only so many open connections. */
const AT_ONCE = 10

/**
 * Throws the switch, then ends the grants of the first users. From then on a grant that the walk does not find is over at
 * its next request.
 * @step operate 19-20 the switch of a client, and its first users
 */
export async function beginWalk(
  { by, ...begun }: Pick<ClientWalk, 'act' | 'operation' | 'client'> & { by: string },
  deps: OperateDeps,
): Promise<Step> {
  const { act, operation, client } = begun
  const isBlocked = operation === 'block-client'
  // A grant knows the second in which it was opened.
  const endSeconds = deps.nowSeconds() + 1
  await deps.cutoffs.write({ client, endedBeforeMs: endSeconds * 1000, isBlocked: isBlocked || null, act })
  const beforeSeconds = isBlocked ? Number.MAX_SAFE_INTEGER : endSeconds
  return stepOn({ ...begun, beforeSeconds, after: '', affected: { users: 0, grants: 0 } }, by, deps)
}

/** Ends the grants of the next users. Throws if one of their objects does not answer: the same step may run again. */
async function stepOn(walk: ClientWalk, by: string, deps: OperateDeps): Promise<Step> {
  const { act, operation, client, beforeSeconds, after } = walk
  const { items, next } = await deps.questions.usersOfClient(client, after === '' ? null : after, WALK_USERS)
  const affected = { ...walk.affected }
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const ended = await Promise.all(
      items
        .slice(at, at + AT_ONCE)
        .map((user) => deps.userNamed(user).applyAct({ act, by, operation, client, beforeSeconds })),
    )
    affected.users += ended.filter(({ grants }) => grants > 0).length
    affected.grants += ended.reduce((sum, { grants }) => sum + grants, 0)
  }
  return {
    affected,
    next: next === null ? null : await writeWalk({ ...walk, after: next, affected }, by, deps),
  }
}

/**
 * POST /acts/:act/continue: the next users of a client. It needs the role, but no fresh sign-in: the act has begun.
 * @step operate 20-21 the next users of a client
 */
export const continueAct: Handler<typeof ContinueRequest, ActProgress> = {
  role: 'operator',
  input: ContinueRequest,
  run: async ({ act, next }, operator, deps) => {
    const walk = await readWalk(next, operator, deps)
    if (walk === null || walk.operation === 'export' || walk.act !== act)
      return err(notFound('This act cannot be continued. Begin it again: what is done stays done.'))
    const { operation } = walk
    return finishAct({ act, operation }, operator, deps, () => stepOn(walk, operator.name, deps))
  },
}
