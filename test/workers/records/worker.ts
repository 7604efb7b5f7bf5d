import { DurableObject } from 'cloudflare:workers'

export class Shelf extends DurableObject<Env> {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler<Env>
