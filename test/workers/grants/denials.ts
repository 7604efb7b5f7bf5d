import { ORIGIN } from '../settings.ts'
import type { Caller, Denied, ToolCall } from './door.ts'

/** What every revision is answered with; the id is that of the request. */
export type Denial = Omit<Denied, 'id'>

/** One way to be denied. */
export interface DeniedCall {
  title: string
  /** Only sessions can be named; only the stateless revision brings a user's answer with a call. */
  only?: 'sessions' | 'stateless'
  /** The only scope that the user ticks. */
  ticked?: string
  /** Brings one caller to where its call is denied. */
  prepare?: (caller: Caller) => Promise<Partial<Caller> | void>
  /** Breaks what all callers need. */
  breaking?: () => void
  call?: (caller: Caller) => ToolCall
  /** The bearer is refused before the message is read (decision 15), so nobody knows its id. */
  isUnread?: boolean
  denied: Denial
}
export type DeniedCalls = readonly [DeniedCall, ...DeniedCall[]]

export const metadataOf = (origin: string) => `${origin}/.well-known/oauth-protected-resource/mcp`
const SIGN_IN_AGAIN =
  'Sign in again to use this server: your MCP client opens a browser for it. If it does not, remove its login and connect again.'

export const unauthorized = (says = 'This access is not valid any more.', origin = ORIGIN): Denial => ({
  status: 401,
  code: -31_000,
  says: `${says} ${SIGN_IN_AGAIN}`,
  challenge: `Bearer realm="OAuth", resource_metadata="${metadataOf(origin)}", error="invalid_token", scope="todo:read"`,
  retryAfter: null,
})
export const unavailable = (seconds: number, says = 'Nothing was done. Try again.'): Denial => ({
  status: 503,
  code: -31_000,
  says,
  challenge: null,
  retryAfter: String(seconds),
})
