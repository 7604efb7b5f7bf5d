import { Hono } from 'hono'
import { beginAccount } from '#account/begin-account.tsx'
import { endAccess } from '#account/end-access.ts'
import { decideStepUp } from '#account/decide-step-up.tsx'
import { showAccount } from '#account/show-account.tsx'
import { showStepUp } from '#account/show-step-up.tsx'
import { signOut, signOutOfPingOne } from '#account/sign-out.tsx'
import { answerSignedIn } from '#account/signed-in.tsx'
import { createMiddleware } from 'hono/factory'
import { admitTokenRequest } from '#authorization/token/admit-token-request.ts'
import { answerAuthorizationError } from '#authorization/login/answer-authorization-error.tsx'
import type { BadSettings } from './config.ts'
import { readAuthorizeRequest } from '#authorization/login/check-request.ts'
import { decideConsent } from '#authorization/login/decide-consent.tsx'
import { finishLogin } from '#authorization/login/finish-login.tsx'
import { orUnavailable } from '#authorization/or-unavailable.ts'
import { refuseStranger } from '#authorization/clients/refuse-stranger.tsx'
import { limitRegistration } from '#authorization/clients/limit-registration.ts'
import { isUnderRetiredKey, limitTokenRequest } from '#authorization/token/limit-tokens.ts'
import { showConsent } from '#authorization/login/show-consent.tsx'
import { answerTokenRequest } from '#authorization/token/token-request.ts'
import { answerKeySet, cutOpener, staticAsset } from '#http/answers.ts'
import { cancelBody } from '#http/read-request.ts'
import { refuseOtherMethods, refuseOtherOrigins } from '#http/guards.ts'
import { log, takeOverConsole } from '#lib/log.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import { answerOtherPath, guardMcpRequest, limitBearer } from '#mcp/guard-request.ts'
import { logRequest } from '#mcp/request-log.ts'
import { answerBadSettings, answerError, answerNotFound, answerTooMany } from '#pages/error-answers.tsx'
import { copyScript } from '#pages/copy-script.ts'
import { showHome } from '#pages/show-home.tsx'
import { styles } from '#pages/styles.ts'
import { settingsWithoutEffect } from './settings.ts'
import { type Call, makeWiring, publishedKeys, type ServerOptions } from './wiring.ts'

/** Assets of pages. They need no settings, so the page about missing settings has its style sheet too. */
const assets = new Hono<{ Bindings: Call }>()
  .get('/assets/pages.css', () => staticAsset(styles, 'text/css'))
  .get('/assets/copy.js', () => staticAsset(copyScript, 'text/javascript'))

async function answerWithoutSettings(request: Request, bad: BadSettings): Promise<Response> {
  const asset = await assets.request(request)
  return asset.status === 404 ? answerBadSettings(request, bad) : asset
}

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource'
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server'

/** The same request, for a document that has a second address. */
const moved = ({ url, method, headers }: Request, path: string) =>
  new Request(new URL(path, url), { method, headers })

/** Every route of this server, and which file answers it. `/mcp` needs a bearer; everything else is for browsers and OAuth. */
export function compose(options: ServerOptions) {
  takeOverConsole()
  const wiring = makeWiring(options)
  const { product, deps } = options

  const reportSettings = oncePerEnv((env: Env) => {
    const ignored = settingsWithoutEffect(env)
    if (ignored.length > 0) log.warn('settings.without-effect', { names: ignored })
  })

  const limitFailures = createMiddleware<{ Bindings: Call }>(async (c, next) => {
    await next()
    const request = c.req.raw
    const answer = await c.env.failures.limit(request, c.res, (seconds) => answerTooMany(request, seconds))
    if (answer === c.res) return
    // Hono would keep headers of the answer that is not given.
    c.res = undefined
    c.res = answer
  })

  const nowMs = () => deps.nowMs()
  const logAnswer = createMiddleware<{ Bindings: Call }>(async (c, next) => {
    const beganMs = nowMs()
    await next()
    const ms = Math.round(nowMs() - beganMs)
    log.info('oauth.answered', { path: c.req.path, method: c.req.method, status: c.res.status, ms })
  })

  // The raw path: router, method guard and library then compare the same text.
  const app = new Hono<{ Bindings: Call }>({ getPath: (request) => new URL(request.url).pathname })
    .get('/', ({ env: { config } }) => showHome(config, product))
    .route('/', assets)
    .get('/health', (c) => c.json({ ok: true, runId: c.env.config.runId }))
    // Where PingOne finds the keys that our requests to it are signed with.
    .get('/.well-known/jwks.json', ({ env: { config } }) => answerKeySet(publishedKeys(config)))
    .on(['GET', 'POST'], ['/authorize', '/callback', '/token', '/register'], logAnswer)
    .use('/authorize', limitFailures)
    .use('/callback', limitFailures)
    .on(['GET', 'POST'], ['/me', '/me/*', '/step-up/*', '/signed-in'], cutOpener)
    .use('/signed-in', limitFailures)
    .use('/me/*', limitFailures)
    .use('/step-up/*', limitFailures)
    // Who may ask is decided before the library sees a request, here and at /token and /register (decision 16).
    .get('/authorize', async (c) => {
      const read = readAuthorizeRequest(c.req.raw)
      const parts = wiring.login(c.env)
      return (await refuseStranger(read, parts)) ?? showConsent(read, parts)
    })
    .post('/authorize', (c) => decideConsent(c.req.raw, wiring.login(c.env)))
    .get('/callback', (c) => finishLogin(c.req.raw, wiring.login(c.env)))
    // The user's own page, and the sign-in that all pages share.
    .get('/me', (c) => showAccount(c.req.raw, wiring.account(c.env)))
    .post('/me/sign-in', (c) => beginAccount(c.req.raw, wiring.account(c.env)))
    .post('/me/end', (c) => endAccess(c.req.raw, wiring.account(c.env)))
    .post('/me/sign-out', (c) => signOut(c.req.raw, wiring.account(c.env)))
    .post('/me/sign-out-of-pingone', (c) => signOutOfPingOne(c.req.raw, wiring.account(c.env)))
    // More for a client that has access: the link is in the answer to the call that lacked it (mcp/challenge-scopes.ts).
    .get('/step-up/:request', (c) => showStepUp(c.req.raw, wiring.account(c.env)))
    .post('/step-up/:request', (c) => decideStepUp(c.req.raw, wiring.account(c.env)))
    .get('/signed-in', (c) => answerSignedIn(c.req.raw, wiring.account(c.env)))
    .post('/token', (c) =>
      orUnavailable('token', c.req.raw, async () => {
        const { failures } = c.env
        const admitted = await admitTokenRequest(c.req.raw, { ...wiring.login(c.env), failures })
        if (!admitted.ok) return admitted.error
        const asked = admitted.value
        return limitTokenRequest(asked, c.env, () => answerTokenRequest(asked, wiring.tokenRun(c.env)))
      }),
    )
    .post('/register', (c) =>
      orUnavailable('register', c.req.raw, () =>
        limitRegistration(c.req.raw, c.env, wiring.registrar(c.env)),
      ),
    )
    .all('/mcp', (c) => {
      const { config, failures } = c.env
      const isRetired = (token: string) => isUnderRetiredKey(config, token)
      const answer = () => wiring.toResource(c.env, c.req.raw)
      return logRequest(
        c.req.raw,
        nowMs,
        () => guardMcpRequest(c.req.raw, config) ?? limitBearer(c.req.raw, { failures, isRetired }, answer),
      )
    })
    // Without a trailing slash, as the metadata and every token's audience have it.
    .all('/mcp/*', ({ env: { config } }) => answerOtherPath(config.resource))
    // RFC 9728 §3.1 puts the document under the resource's path; older clients look only at the root.
    .all(PROTECTED_RESOURCE, (c) => wiring.toResource(c.env, moved(c.req.raw, `${PROTECTED_RESOURCE}/mcp`)))
    // RFC 8414 §3.1 does the same for an issuer with a path. Ours has none: this is for clients that build the address
    // from that of the resource. The document names the issuer, as at the root.
    .all(`${AUTHORIZATION_SERVER}/mcp`, (c) =>
      wiring.toAuthorization(c.env, moved(c.req.raw, AUTHORIZATION_SERVER)),
    )
    .all(`${PROTECTED_RESOURCE}/*`, (c) => wiring.toResource(c.env, c.req.raw))
    // The library's own: metadata of RFC 8414, other methods of /token and /register, and 404 for the rest.
    .all('*', async (c) => answerNotFound(c.req.raw, await wiring.toAuthorization(c.env, c.req.raw)))
    .onError((error, c) => answerAuthorizationError(c.env.config, error) ?? answerError(c.req.raw, error))

  return {
    worker: {
      async fetch(request, env, ctx) {
        const config = wiring.configOf(env)
        if (!config.ok) return answerWithoutSettings(request, config.error)
        reportSettings(env)
        const denial = refuseOtherOrigins(request, config.value.publicOrigin) ?? refuseOtherMethods(request)
        const answer = denial ?? (await app.fetch(request, { ...wiring.partsOf(env), env, ctx }))
        await cancelBody(request)
        return answer
      },
    } satisfies ExportedHandler<Env>,
    /** Every path that is routed, for the tests that ask each of them. */
    paths: [...new Set(app.routes.map(({ path }) => path))],
    User: wiring.User,
    McpSession: wiring.McpSession,
  }
}
