import { actOut } from './fault.ts'
import { isLoopback } from './loopback.ts'
import { readSettings } from './settings.ts'

export { Tenant } from './tenant.ts'

export default {
  async fetch(request, env): Promise<Response> {
    const url = new URL(request.url)
    if (!isLoopback(url)) return new Response(null, { status: 421 })
    if (url.pathname === '/__emulator/health') return showHealth(env)
    // One object, one hop; what a fault makes of the answer happens out here, where it holds nobody up.
    const answer = await env.TENANT.getByName('tenant').fetch(request)
    return actOut(answer, request.signal)
  },
} satisfies ExportedHandler<Env>

/** Healthy is an emulator whose settings can be read; the run id tells whose it is. */
function showHealth(env: Env): Response {
  readSettings(env)
  return Response.json({ ok: true, runId: env.RUN_ID })
}
