import type { Fetch } from '#lib/bounded-fetch.ts'
import { makeTodoClient } from '#todos/api/client.ts'
import type { Caller } from './invoke-tool.ts'
import type { McpEndpointDeps } from './deps.ts'

/** A service binding does not look at the host; the name only shows in traces. */
const BINDING_URL = 'https://todo-api.internal'

/** All that a tool call of one user needs from the outside, in the Worker or in a session's object. */
export async function makeCaller(
  { deps, settings, userOf }: McpEndpointDeps,
  env: Env,
  user: string,
  asked: Pick<Caller, 'transport' | 'message' | 'waitUntil' | 'signal' | 'progress'>,
): Promise<Caller> {
  const { apiUrl } = await settings(env)
  const fetchBinding: Fetch = (input, init) => env.TODO_API.fetch(input, init)
  const api = {
    fetch: apiUrl === null ? fetchBinding : deps.fetch,
    baseUrl: new URL(apiUrl ?? BINDING_URL),
    deadlineMs: deps.deadlines.apiMs,
    now: deps.now,
  }
  return {
    ...asked,
    userApi: await userOf(env, user),
    todosFor: (call) => makeTodoClient(api, call),
    deadlineMs: deps.deadlines.toolMs,
    lastStartMs: deps.deadlines.apiMs,
  }
}
