import { Hono } from 'hono'
import { admitTokenRequest } from './authorization/admit-token-request.ts'
import { answerAuthorizationError } from './authorization/answer-authorization-error.tsx'
import { decideConsent } from './authorization/decide-consent.tsx'
import { finishLogin } from './authorization/finish-login.tsx'
import { orUnavailable } from './authorization/or-unavailable.ts'
import { refuseStranger } from './authorization/refuse-stranger.tsx'
import { registerClient } from './authorization/register-client.ts'
import { showConsent } from './authorization/show-consent.tsx'
import { answerTokenRequest } from './authorization/token-request.ts'
import { refuseOtherMethods } from './http/method-guard.ts'
import { refuseOtherOrigins } from './http/origin-guard.ts'
import { staticAsset } from './http/static-asset.ts'
import { log } from './lib/log.ts'
import { oncePerEnv } from './lib/once-per-env.ts'
import { guardMcpRequest } from './mcp/guard-request.ts'
import { answerError } from './pages/answer-error.tsx'
import { answerNotFound } from './pages/answer-not-found.tsx'
import { answerBadSettings } from './pages/answer-settings.tsx'
import { copyScript } from './pages/copy-script.ts'
import { showHome } from './pages/show-home.tsx'
import { styles } from './pages/styles.ts'
import { settingsWithoutEffect } from './settings.ts'
import { type Call, makeWiring, type Product } from './wiring.ts'

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource'

/** Every route of this server, and which file answers it. `/mcp` needs a bearer; everything else is for browsers and OAuth. */
export function compose(product: Product) {
  const wiring = makeWiring(product)
  const { names } = product

  const reportSettings = oncePerEnv((env: Env) => {
    const ignored = settingsWithoutEffect(env)
    if (ignored.length > 0) log.warn('settings.without-effect', { names: ignored })
  })

  const app = new Hono<{ Bindings: Call }>()
    .get('/', ({ env: { config } }) => showHome(config, names.name))
    .get('/assets/pages.css', () => staticAsset(styles, 'text/css'))
    .get('/assets/copy.js', () => staticAsset(copyScript, 'text/javascript'))
    .get('/health', (c) => c.json({ ok: true, runId: c.env.config.runId }))
    // Who may ask is decided before the library sees a request, here and at /token and /register (decision 16).
    .get(
      '/authorize',
      async (c) =>
        (await refuseStranger(c.req.raw, wiring.login(c.env))) ?? showConsent(c.req.raw, wiring.login(c.env)),
    )
    .post('/authorize', (c) => decideConsent(c.req.raw, wiring.login(c.env)))
    .get('/callback', (c) => finishLogin(c.req.raw, wiring.login(c.env)))
    .post('/token', (c) =>
      orUnavailable(c.req.raw, async () => {
        const admitted = await admitTokenRequest(c.req.raw, wiring.login(c.env))
        return admitted.ok ? answerTokenRequest(admitted.value, wiring.tokenRun(c.env)) : admitted.error
      }),
    )
    .post('/register', (c) =>
      registerClient(c.req.raw, c.env.admission, (request) => wiring.toRegistrar(c.env, request)),
    )
    .all('/mcp', (c) => guardMcpRequest(c.req.raw, c.env.config) ?? wiring.toResource(c.env, c.req.raw))
    // RFC 9728 §3.1 puts the document under the resource's path; older clients look only at the root.
    .all(PROTECTED_RESOURCE, (c) =>
      wiring.toResource(c.env, new Request(new URL(`${PROTECTED_RESOURCE}/mcp`, c.req.url), c.req.raw)),
    )
    .all(`${PROTECTED_RESOURCE}/*`, (c) => wiring.toResource(c.env, c.req.raw))
    // The library's own: metadata of RFC 8414, other methods of /token and /register, and 404 for the rest.
    .all('*', async (c) => answerNotFound(c.req.raw, await wiring.toAuthorization(c.env, c.req.raw)))
    .onError((error, c) => answerAuthorizationError(c.env.config, error) ?? answerError(c.req.raw, error))

  return {
    worker: {
      async fetch(request, env, ctx) {
        const config = wiring.configOf(env)
        if (!config.ok) return answerBadSettings(request, config.error)
        reportSettings(env)
        const refusal = refuseOtherOrigins(request, config.value.publicOrigin) ?? refuseOtherMethods(request)
        return refusal ?? app.fetch(request, { ...wiring.partsOf(env), env, ctx })
      },
    } satisfies ExportedHandler<Env>,
    Person: wiring.Person,
    McpSession: wiring.McpSession,
  }
}
