/** Who asks, as whom: resolved when a case runs, so that what is printed of a failed one can be read. */
export type Who = 'writer' | 'reader' | 'stranger' | 'nobody'

/** A session that is opened before: of the one who asks, of somebody else, made up, or none. */
export type SessionName = 'plain' | 'asking' | 'of-another' | 'made-up' | 'none'

/** One request. A name in `{braces}` in path, headers or body stands for what a login gave: see fill-in.ts. */
export interface Sent {
  method: string
  path: string
  who: Who
  session: SessionName
  headers: readonly (readonly [string, string])[]
  body: string | null
}
