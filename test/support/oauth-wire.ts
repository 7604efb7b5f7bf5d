import { z } from 'zod'

// The fields that an OAuth client reads.

/** RFC 9728 §2 */
export const ResourceMetadata = z.looseObject({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
  scopes_supported: z.array(z.string()).optional(),
})
/** RFC 8414 §2 */
export const ServerMetadata = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
})
/** RFC 7591 §3.2.1 */
export const Registration = z.looseObject({
  client_id: z.string(),
  client_secret: z.string().optional(),
  token_endpoint_auth_method: z.string().optional(),
})
/** RFC 6749 §5.1 */
export const Tokens = z.looseObject({
  access_token: z.string(),
  token_type: z.string(),
  expires_in: z.number(),
  refresh_token: z.string().optional(),
  scope: z.string().optional(),
})

export type ServerMetadata = z.infer<typeof ServerMetadata>
export type Registration = z.infer<typeof Registration>
export type Tokens = z.infer<typeof Tokens>
