import type { Result } from '#lib/result.ts'
import type { Todo } from '#todos/tools/todo.ts'
import type { ToolDenial } from './tool-denial.ts'

/** The user's todos. Every answer is the whole list after the act, in the order of the API. */
export interface TodoStore {
  list(): Promise<TodoAnswer>
  add(text: string): Promise<TodoAnswer>
  update(id: string, completed: boolean): Promise<TodoAnswer>
  remove(id: string): Promise<TodoAnswer>
}
export type TodoAnswer = Result<readonly Todo[], ToolDenial>

/** The decoded downstream token: what proves that audience and scopes are right, never the token itself. */
export interface DownstreamClaims {
  issuer: string
  audience: readonly string[]
  scopes: readonly string[]
  acr: string | null
  expiresAtSeconds: number | null
  /** SHA-256 of the token, base64url. */
  thumbprint: string
}

/** The user, and what was allowed on this request. */
export interface Me {
  name: string | null
  scopes: readonly string[]
  accessEndsAtSeconds: number
  /** null where the API's tokens are not JWTs. */
  downstream: DownstreamClaims | null
}

/** All that a tool may touch. No token, no fetch, no storage: nothing dangerous is in scope to misuse. */
export interface ToolContext {
  todos: TodoStore
  me: Me
  /**
   * Aborted when the client cancelled or time runs out. A tool with several effects looks at it before each: what was
   * begun is finished, what was not begun is reported as not done.
   */
  signal: AbortSignal
  /** How far it is, for a client that asked to be told. Costs nothing where nobody did. */
  progress: (done: number, total: number) => void
}
