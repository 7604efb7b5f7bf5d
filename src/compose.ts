import { type Context, Hono } from 'hono'
import { endAccess, signOut, signOutOfPingOne } from '#account/account-actions.ts'
import { showAccount } from '#account/show-account.tsx'
import { accountBranch, beginAccount } from '#account/sign-in.ts'
import { decideStepUp, showStepUp } from '#account/step-up.tsx'
import { createMiddleware } from 'hono/factory'
import { answerAuthorizationError } from '#authorization/login/refuse-login.ts'
import { decideConsent } from '#authorization/login/decide-consent.ts'
import { finishLogin } from '#authorization/login/finish-login.ts'
import { orUnavailable } from '#authorization/oauth-denial.ts'
import { registerClient } from '#authorization/clients/register-client.ts'
import { isUnderRetiredKey } from '#authorization/token/token-owner.ts'
import { showConsent } from '#authorization/login/show-consent.tsx'
import { answerTokenRequest } from '#authorization/token/token-request.ts'
import { answerKeySet, answerSecurityText, cutOpener, staticAsset } from '#http/answers.ts'
import { discardBody } from '#http/read-request.ts'
import { refuseOtherMethods, refuseOtherOrigins } from '#http/guards.ts'
import { log, takeOverConsole } from '#lib/log.ts'
import { answerOtherPath, guardMcpRequest, limitBearer } from '#mcp/edge/guard-request.ts'
import { logRequest } from '#mcp/edge/request-log.ts'
import { VERSION } from '#mcp/product.ts'
import { decideAuthorize, operateBranch, showAuthorize } from '#operate/authorize.tsx'
import { operatorApi } from '#operate/routes.ts'
import { answerToken } from '#operate/token-endpoint.ts'
import { ErrorAnswers } from '#pages/error-answers.tsx'
import { showHome } from '#pages/home-page.tsx'
import { copyScript, localTimeScript } from '#pages/page-scripts.ts'
import { styles } from '#pages/styles.ts'
import { finishOwnSignIn } from '#sign-in/own-sign-in.ts'
import { wireAccount } from '#wiring/account.ts'
import { wireAudit } from '#wiring/audit.ts'
import { wireAuthorization } from '#wiring/authorization.ts'
import type { ServerOptions } from '#wiring/deps.ts'
import { type Call, makeIsolate, publishedKeys } from '#wiring/isolate.ts'
import { wireCutoffs } from '#wiring/cutoffs.ts'
import { wireMcp } from '#wiring/mcp.ts'
import { makePolicies, wireControl } from '#wiring/policy.ts'
import { type OperateCall, wireOperate } from '#wiring/operate.ts'

/** The methods of what anyone may look at. */
const PAGE = ['GET', 'HEAD']

/** Assets of pages. They need no settings and no right address, so the pages about either have their style sheet too. */
const assets = new Hono<{ Bindings: Call }>()
  .on(PAGE, '/assets/pages.css', () => staticAsset(styles, 'text/css'))
  .on(PAGE, '/assets/copy.js', () => staticAsset(copyScript, 'text/javascript'))
  .on(PAGE, '/assets/local-time.js', () => staticAsset(localTimeScript, 'text/javascript'))

async function assetOr(request: Request, other: () => Response): Promise<Response> {
  const asset = await assets.request(request)
  return asset.status === 404 ? other() : asset
}

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource'
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server'

/** The same request, for a document that has a second address. */
const moved = ({ url, method, headers }: Request, path: string) =>
  new Request(new URL(path, url), { method, headers })

/** Of the build only version and commit. Not cached: a smoke test asks right after a deployment. */
const answerHealth = ({ runId, commit }: { runId: string | null; commit: string | null }): Response =>
  Response.json({ ok: true, runId, version: VERSION, commit }, { headers: { 'Cache-Control': 'no-store' } })

/** Every route of this server, and which file answers it. `/mcp` needs a bearer; everything else is for browsers and OAuth. */
export function compose(options: ServerOptions) {
  takeOverConsole()
  const { product } = options
  const errors = new ErrorAnswers({ productName: product.title, links: product.links ?? {} })
  const isolate = makeIsolate(options)
  const cutoffs = wireCutoffs(isolate)
  const policies = makePolicies(isolate)
  const { login, tokenRun, registrar, answerByLibrary } = wireAuthorization(isolate, cutoffs, policies)
  const account = wireAccount(isolate)
  const operate = wireOperate(isolate)
  const audit = wireAudit(isolate)
  const { answerByResource, User, McpSession } = wireMcp(isolate, audit, cutoffs, policies)
  const { configOf, partsOf, nowMs, denialCounter } = isolate

  const limitFailures = createMiddleware<{ Bindings: Call }>(async (c, next) => {
    await next()
    const request = c.req.raw
    const answer = await c.env.failures.limit(request, c.res, (seconds) => {
      denialCounter(c.env.env)('network.limited')
      return errors.tooMany(request, seconds)
    })
    if (answer === c.res) return
    // Hono would keep headers of the answer that is not given.
    c.res = undefined
    c.res = answer
  })

  const logAnswer = createMiddleware<{ Bindings: Call }>(async (c, next) => {
    const beganMs = nowMs()
    await next()
    const ms = Math.round(nowMs() - beganMs)
    log.info('oauth.answered', { path: c.req.path, method: c.req.method, status: c.res.status, ms })
  })

  // The raw path: router, method guard and library then compare the same text.
  const getPath = (request: Request) => new URL(request.url).pathname

  const answerOther = async ({ req, env }: Context<{ Bindings: Call }>) =>
    errors.asPage(req.raw, await answerByLibrary(env, req.raw), env.config.publicOrigin)

  // For browsers. A method that is not named at the route is answered 405, HEAD too: a link checker must not use up a
  // user's link.
  const pages = new Hono<{ Bindings: Call }>({ getPath })
    .on(PAGE, '/', ({ env: { config } }) => showHome(config, product))
    .route('/', assets)
    .on(PAGE, '/health', ({ env: { config } }) => answerHealth(config))
    .on(PAGE, '/.well-known/security.txt', (c) => {
      const { config } = c.env
      return config.securityContacts.length === 0 ? answerOther(c) : answerSecurityText(config, nowMs())
    })
    // Where PingOne finds the keys that our requests to it are signed with.
    .on(PAGE, '/.well-known/jwks.json', ({ env: { config } }) => answerKeySet(publishedKeys(config)))
    .use('/authorize', logAnswer, limitFailures)
    .use('/callback', logAnswer, limitFailures)
    .use('/me', cutOpener)
    .use('/me/*', limitFailures)
    .use('/step-up/*', cutOpener, limitFailures)
    .use('/signed-in', cutOpener, limitFailures)
    // The client is admitted before the library sees a request, here and at /token and /register (decision 16).
    .get('/authorize', (c) => showConsent(c.req.raw, login(c.env)))
    .post('/authorize', (c) => decideConsent(c.req.raw, login(c.env)))
    .get('/callback', (c) => finishLogin(c.req.raw, login(c.env)))
    // The user's own page, and the sign-in that all pages share.
    .get('/me', (c) => showAccount(c.req.raw, account(c.env)))
    .post('/me/sign-in', (c) => beginAccount(c.req.raw, account(c.env)))
    .post('/me/end', (c) => endAccess(c.req.raw, account(c.env)))
    .post('/me/sign-out', (c) => signOut(c.req.raw, account(c.env)))
    .post('/me/sign-out-of-pingone', (c) => signOutOfPingOne(c.req.raw, account(c.env)))
    // More scopes for a client that has access: mcp/edge/challenge-scopes.ts gives the link to the call that lacked them.
    .get('/step-up/:request', (c) => showStepUp(c.req.raw, account(c.env)))
    .post('/step-up/:request', (c) => decideStepUp(c.req.raw, account(c.env)))
    .get('/signed-in', (c) => {
      const deps = account(c.env)
      const { operators } = c.env.config
      return finishOwnSignIn(
        c.req.raw,
        (purpose) =>
          accountBranch(purpose, c.req.raw, deps) ??
          (operators === null ? null : operateBranch(purpose, operate({ ...c.env, operators }, c.req.raw))),
        deps,
      )
    })

  // For operators: the sign-in of the command line, and its API. Nothing of it is in any metadata.
  type OperateBindings = { Bindings: OperateCall }
  const operated = new Hono<OperateBindings>({ getPath })
    .use('/operate/*', logAnswer)
    .use('/operate/authorize', cutOpener, limitFailures)
    .get('/operate/authorize', (c) => showAuthorize(c.req.raw, operate(c.env, c.req.raw)))
    .post('/operate/authorize', (c) => decideAuthorize(c.req.raw, operate(c.env, c.req.raw)))
    .post('/operate/token', (c) => answerToken(c.req.raw, operate(c.env, c.req.raw)))
    .route(
      '/operate/v1',
      operatorApi<OperateBindings>((c) => operate(c.env, c.req.raw)),
    )
    .all('*', answerOther)
    .onError((error, c) => errors.failed(c.req.raw, error))

  const app = new Hono<{ Bindings: Call }>({ getPath })
    .route('/', pages)
    .on(['GET', 'POST'], ['/token', '/register'], logAnswer)
    .post('/token', (c) =>
      orUnavailable('token', c.req.raw, () => {
        const deps = { ...login(c.env), failures: c.env.failures }
        return answerTokenRequest(c.req.raw, deps, tokenRun(c.env))
      }),
    )
    .post('/register', (c) =>
      orUnavailable('register', c.req.raw, () => {
        const deps = { ...c.env, countDenial: denialCounter(c.env.env) }
        return registerClient(c.req.raw, deps, registrar(c.env))
      }),
    )
    .all('/mcp', (c) => {
      const { config, failures } = c.env
      const isRetired = (token: string) => isUnderRetiredKey(config, token)
      const answer = () => answerByResource(c.env, c.req.raw)
      return logRequest(
        c.req.raw,
        nowMs,
        () =>
          guardMcpRequest(c.req.raw, config) ??
          limitBearer(c.req.raw, { failures, isRetired, countDenial: denialCounter(c.env.env) }, answer),
      )
    })
    // Without a trailing slash, as the metadata and every token's audience have it.
    .all('/mcp/*', ({ env: { config } }) => answerOtherPath(config.resource))
    // RFC 9728 §3.1 puts the document under the resource's path; older clients look only at the root.
    .all(PROTECTED_RESOURCE, (c) => answerByResource(c.env, moved(c.req.raw, `${PROTECTED_RESOURCE}/mcp`)))
    // RFC 8414 §3.1 does the same for an issuer with a path. Ours has none: this is for clients that build the address
    // from that of the resource. The document names the issuer, as at the root.
    .all(`${AUTHORIZATION_SERVER}/mcp`, (c) => answerByLibrary(c.env, moved(c.req.raw, AUTHORIZATION_SERVER)))
    .all(`${PROTECTED_RESOURCE}/*`, (c) => answerByResource(c.env, c.req.raw))
    // The library's own: metadata of RFC 8414, other methods of /token and /register, and 404 for the rest.
    .all('*', answerOther)
    .onError(
      (error, c) =>
        answerAuthorizationError(c.env.config, error, denialCounter(c.env.env)) ??
        errors.failed(c.req.raw, error),
    )

  const answerAtOrigin = (
    request: Request,
    env: Env,
    ctx: ExecutionContext,
    refuse: (denial: Response) => Response,
  ) => {
    const call = { ...partsOf(env), env, ctx }
    const { operators } = call.config
    if (operators === null || !new URL(request.url).pathname.startsWith('/operate/')) {
      const denial = refuseOtherMethods(request, pages)
      return denial === null ? app.fetch(request, call) : refuse(denial)
    }
    const denial = refuseOtherMethods(request, operated)
    return denial === null ? operated.fetch(request, { ...call, operators }) : refuse(denial)
  }

  return {
    worker: {
      async fetch(request, env, ctx) {
        const config = configOf(env)
        if (!config.ok) {
          await discardBody(request)
          return assetOr(request, () => errors.badSettings(request, config.error))
        }
        const { publicOrigin } = config.value
        const refuse = (denial: Response) => errors.asPage(request, denial, publicOrigin)
        const misdirected = refuseOtherOrigins(request, publicOrigin)
        const answer =
          misdirected === null
            ? await answerAtOrigin(request, env, ctx, refuse)
            : await assetOr(request, () => refuse(misdirected))
        await discardBody(request)
        return answer
      },
      // The signed head of the audit log, and its retention (docs/journeys.md#audit-log).
      scheduled: ({ cron }, env) => audit.runJobs(cron, env),
    } satisfies ExportedHandler<Env>,
    /** Every path that is routed, for the tests that ask each of them. */
    paths: [...new Set([...app.routes, ...operated.routes].map(({ path }) => path))],
    User,
    McpSession,
    Control: wireControl(isolate),
  }
}
