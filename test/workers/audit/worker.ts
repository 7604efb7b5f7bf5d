import { DurableObject } from 'cloudflare:workers'

/** The rules of src/audit need no more than the database. */
export class User extends DurableObject {}
export class McpSession extends DurableObject {}
export class Control extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler
