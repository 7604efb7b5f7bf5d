import { z } from 'zod'

/**
 * What a bearer stands for on one request. `authorization/` writes it when a grant is given, `mcp/` reads it
 * on every request; it is the only thing the two rooms share. It holds no token and no secret.
 */
export const Principal = z.strictObject({
  /** The library's `userId`: opaque, see users/base/user-id.ts. */
  user: z.string().min(1),
  grant: z.string().min(1),
  client: z.string().min(1),
  scopes: z.array(z.string()).readonly(),
  /** When the access token that was presented ends, in seconds since 1970. */
  expiresAtSeconds: z.number().int(),
})
export type Principal = z.infer<typeof Principal>
