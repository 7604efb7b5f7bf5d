import { DurableObject } from 'cloudflare:workers'

/** An object with nothing in it but storage, for the parts of src/users that are rules over storage. */
export class User extends DurableObject<Env> {}
export class McpSession extends DurableObject<Env> {}
export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler<Env>
