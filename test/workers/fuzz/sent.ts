/** A role, resolved when a case runs, so that a printed failure is readable. */
export type Who = 'writer' | 'reader' | 'stranger' | 'nobody'

/** A session opened in advance: the caller's, another user's, made up, or none. */
export type SessionName = 'plain' | 'asking' | 'of-another' | 'made-up' | 'none'

/** One request. A `{placeholder}` in path, headers or body stands for a value of the stage. */
export interface Sent {
  method: string
  path: string
  who: Who
  session: SessionName
  headers: readonly (readonly [string, string])[]
  body: string | null
}
