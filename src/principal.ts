import { z } from 'zod'

/**
 * What a bearer stands for on one request. `authorization/` writes it when a grant is given, `mcp/` reads it
 * on every request; this file is all that the two rooms share. It holds no token and no secret, only a token's hash.
 */
export const Principal = z.object({
  /** The library's `userId`: opaque, see users/base/user-id.ts. */
  user: z.string().min(1),
  grant: z.string().min(1),
  client: z.string().min(1),
  scopes: z.array(z.string()).readonly(),
  /** When the access token that was presented ends, in seconds since 1970. */
  expiresAtSeconds: z.number().int(),
  /** SHA-256 of that token, in hex, by which the user's object knows it. */
  tokenHash: z.string(),
  /** Whether tools that need audit:read exist for this grant. */
  canAudit: z.boolean(),
  /** Policy hides what this request names: it is answered as an unknown name. Absent: from a release without policy. */
  isNameHidden: z.boolean().default(false),
  /** What policy hides of the list that this request asks for, by name, URI or URI template. Absent: the same. */
  hidden: z.array(z.string()).readonly().default([]),
})
export type Principal = z.infer<typeof Principal>

/**
 * A bearer that this server has issued: its MAC is checked, nothing else. `authorization/` gives it to the edge of `mcp/`,
 * which asks the user's object for everything else.
 */
export interface PresentedBearer {
  user: string
  grant: string
  /** SHA-256 of the bearer, in hex: no object is ever given a bearer. */
  token: string
  /** The resource that was asked for (RFC 8707). */
  audience: string
}
