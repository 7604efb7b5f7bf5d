import { applyDeliveryFault } from './faults.ts'
import { readSettings } from './settings.ts'

export { Tenant } from './tenant.ts'

export default {
  async fetch(request, env): Promise<Response> {
    const url = new URL(request.url)
    if (!isLoopback(url)) return new Response(null, { status: 421 })
    if (url.pathname === '/__emulator/health') return showHealth(env)
    // Delays happen here and not in the object, so that they block no other request.
    const answer = await env.TENANT.getByName('tenant').fetch(request)
    return applyDeliveryFault(answer, request.signal)
  },
} satisfies ExportedHandler<Env>

/** Fails if the settings are invalid. The run id tells which start the emulator belongs to. */
function showHealth(env: Env): Response {
  readSettings(env)
  return Response.json({ ok: true, runId: env.RUN_ID })
}

/**
 * The emulator has known passwords and an open control API, so it must answer neither under a public name nor
 * under a name that a web page points to loopback (DNS rebinding).
 */
function isLoopback(url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
