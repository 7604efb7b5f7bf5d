import type { McpEndpointDeps } from '../deps.ts'
import type { Caller } from './invoke-tool.ts'

/** What a tool call of one user needs, in the Worker or in a session's object. */
export async function makeCaller(
  { deps, productOf, userOf }: McpEndpointDeps,
  env: Env,
  user: string,
  asked: Pick<
    Caller,
    'transport' | 'message' | 'waitUntil' | 'signal' | 'progress' | 'entered' | 'onTaken' | 'onStop'
  >,
): Promise<Caller> {
  return {
    ...asked,
    product: productOf(env),
    userApi: await userOf(env, user),
    deadlineMs: deps.deadlines.toolMs,
    lastStartMs: deps.deadlines.apiMs,
  }
}
