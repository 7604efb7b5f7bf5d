import { z } from 'zod'
import { isLoopbackHost } from '#lib/addresses.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { type PageContent, readPage } from '#harness/read-page.ts'
import { type Finding, note, ok, problem, UNSURE } from '../doctor/finding.ts'
import type { Answer, NoAnswer, Target } from './ask.ts'
import { armourFaults } from './check-pages.ts'
import { type Check, faultsOf, jsonOf, judge, statusFault, typeFault } from './judge.ts'

const CHALLENGE: Check = {
  check: '/mcp without a token',
  fix: 'no cache, rule or proxy may answer for the server',
  page: 'docs/run.md#the-smoke-test',
}
const AGENT: Check = {
  check: "/mcp as Claude's servers",
  fix: 'let the zone skip its bot rules ("Block AI bots") for this host name',
  page: 'docs/run.md#cloudflare-settings-of-the-zone',
}
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'mcp-smoke-test', version: '1' },
  },
})

const askMcp = ({ origin, ask }: Target, headers: Readonly<Record<string, string>> = {}) =>
  ask(new URL('/mcp', origin), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: INITIALIZE,
  })

/** RFC 9728 §5.1: the 401 that begins every login. */
const challengeFaults = (origin: string, answer: Answer | NoAnswer): readonly string[] =>
  faultsOf(answer, (given) => {
    if (given.status !== 401) return [statusFault(given, 401)]
    const challenge = given.headers.get('www-authenticate') ?? ''
    const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`
    return [
      typeFault(given, 'application/json'),
      /^Bearer /i.test(challenge) ? null : 'WWW-Authenticate has no Bearer challenge',
      challenge.includes(metadata) ? null : `WWW-Authenticate has no ${metadata}`,
      /\berror=/.test(challenge) ? 'WWW-Authenticate has an error, and no token was sent' : null,
    ]
  })

/** The challenge, also for the user agent of Claude's servers, which a zone may block. */
export async function checkChallenge(target: Target): Promise<readonly Finding[]> {
  const { origin } = target
  const faults = challengeFaults(origin, await askMcp(target))
  const first = judge(CHALLENGE, faults, '401 with the address of the metadata')
  if (faults.length > 0) return [first, note(AGENT.check, 'not asked: see the line before')]
  const answer = await askMcp(target, { 'user-agent': 'Claude-User' })
  return [first, judge(AGENT, challengeFaults(origin, answer), 'the same 401')]
}

const PKCE = {
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}
const REDIRECT = 'http://localhost:33418/smoke-test'

const authorizeUrl = (origin: string, clientId: string): URL => {
  const url = new URL('/authorize', origin)
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT,
    state: 'smoke',
    ...PKCE,
  }
  url.search = new URLSearchParams(query).toString()
  return url
}

/** Null if the address in the markup is not a URL. */
function readMarkup(text: string, origin: string): PageContent | null {
  try {
    return readPage(text, new URL(origin))
  } catch {
    return null
  }
}

const NAVIGATION = { accept: 'text/html', 'sec-fetch-site': 'none' }
const UNKNOWN: Check = {
  check: 'a login of an unknown client',
  fix: 'such a login must end on a page of the server: look at its log',
  page: 'docs/connect.md#which-clients-are-admitted',
}

/** An unknown client gets a page and is sent nowhere. It registers nothing. */
export async function checkUnknownClient({ origin, ask }: Target): Promise<Finding> {
  const answer = await ask(authorizeUrl(origin, 'smoke-test'), { headers: NAVIGATION })
  const faults = faultsOf(answer, (given) =>
    [400, 403].includes(given.status)
      ? armourFaults(given, { origin, opener: 'unsafe-none' })
      : [`it answers ${given.status} instead of 400 or 403`],
  )
  return judge(UNKNOWN, faults, 'a page, and no redirect')
}

const REGISTERED: Check = { ...UNKNOWN, check: 'a login of a registered client' }
const Registration = z.looseObject({ client_id: z.string().regex(/^[\w-]{1,64}$/) })

/** With `--register`: registers a client, which expires unused after an hour, and opens its consent page. */
export async function checkRegisteredClient({ origin, ask }: Target): Promise<Finding> {
  const registration = await ask(new URL('/register', origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Smoke test',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
    }),
  })
  if ('status' in registration && registration.status >= 400 && registration.status < 500) {
    const { fix, page } = { fix: 'normal unless clients on computers are admitted', page: UNKNOWN.page }
    return note(REGISTERED.check, `the registration is refused with ${registration.status}`, { fix, page })
  }
  const client = 'failed' in registration ? registration : Registration.safeParse(jsonOf(registration.text))
  if ('failed' in client) return judge(REGISTERED, [client.failed], '')
  if (!client.success) return judge(REGISTERED, ['the registration gives no client_id'], '')
  const answer = await ask(authorizeUrl(origin, client.data.client_id), { headers: NAVIGATION })
  const faults = faultsOf(answer, (given) => {
    const page = readMarkup(given.text, origin)
    return [
      statusFault(given, 200),
      page?.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve')) === true
        ? null
        : 'the page has no button to approve',
      given.headers.getSetCookie().some((cookie) => cookie.startsWith('__Host-'))
        ? null
        : 'it sets no cookie',
      ...armourFaults(given, { origin, opener: 'unsafe-none' }),
    ]
  })
  return judge(REGISTERED, faults, 'the consent page; nobody approved')
}

const LOGIN: Check = {
  check: 'a sign-in begun at /me',
  fix: 'npm run doctor says what PingOne refuses',
  page: 'docs/run.md#ask-the-doctor',
}
const AT_PINGONE = 'the sign-in at PingOne'
// OpenID Connect Core §3.1.2.6: the answer to prompt=none without a signed-in user.
const NEEDS_A_USER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/**
 * Presses the button of /me and stops at the page that leads to PingOne. The server stores nothing for it. PingOne is
 * then asked with prompt=none, which signs nobody in.
 */
export async function checkSignIn(target: Target): Promise<readonly Finding[]> {
  const { origin, ask } = target
  const answer = await ask(new URL('/me/sign-in', origin), {
    method: 'POST',
    headers: {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      origin,
      'sec-fetch-site': 'same-origin',
    },
  })
  const next =
    'status' in answer && answer.status === 200 ? readMarkup(answer.text, origin)?.refresh : undefined
  const faults = faultsOf(answer, (given) =>
    given.status === 200
      ? [
          ...(next === undefined ? ['the page leads nowhere'] : addressFaults(next, origin)),
          given.headers.getSetCookie().some((cookie) => /^__Host-.*; ?HttpOnly/i.test(cookie))
            ? null
            : 'it sets no cookie for this browser alone',
          ...armourFaults(given, { origin, opener: 'unsafe-none' }),
        ]
      : [statusFault(given, 200)],
  )
  const begun = judge(LOGIN, faults, 'it leads to PingOne with PKCE, state and nonce; nobody signed in')
  if (next === undefined || faults.length > 0)
    return [begun, note(AT_PINGONE, 'not asked: see the line before')]
  return [begun, await checkPingOne(next, target)]
}

function addressFaults(next: URL, origin: string): readonly (string | null)[] {
  const isLocal = isLoopbackHost(new URL(origin).hostname) && isLoopbackHost(next.hostname)
  const query = next.searchParams
  const isGoodScheme = next.protocol === 'https:' || isLocal
  const scheme = isGoodScheme ? null : 'the address at PingOne is not https'
  // Pushed (RFC 9126): the other parameters are at PingOne already.
  if (query.has('request_uri')) return [scheme]
  const missing = ['client_id', 'state', 'nonce', 'code_challenge', 'acr_values'].filter(
    (name) => !query.get(name),
  )
  return [
    scheme,
    missing.length === 0 ? null : `the address at PingOne lacks ${missing.join(', ')}`,
    query.get('redirect_uri') === `${origin}/signed-in` ? null : `redirect_uri is not ${origin}/signed-in`,
    query.get('code_challenge_method') === 'S256' ? null : 'code_challenge_method is not S256',
  ]
}

async function checkPingOne(next: URL, { origin, ask }: Target): Promise<Finding> {
  if (next.searchParams.has('request_uri'))
    return note(AT_PINGONE, 'not asked: the request is pushed', {
      fix: 'npm run doctor pushes one of its own',
    })
  const url = new URL(next)
  url.searchParams.set('prompt', 'none')
  const answer = await ask(url)
  const { fix, page } = LOGIN
  if ('failed' in answer) return problem(AT_PINGONE, answer.failed, { fix, page })
  const location = answer.headers.get('location')
  if (location === null || !URL.canParse(location, url))
    return problem(AT_PINGONE, `a page with status ${answer.status}: nobody is sent back`, { fix, page })
  const back = new URL(location, url)
  const error = back.searchParams.get('error')
  if (`${back.origin}${back.pathname}` !== `${origin}/signed-in`)
    return error === null
      ? ok(AT_PINGONE, `it begins${UNSURE}`)
      : problem(AT_PINGONE, 'PingOne answers with an error page', { fix, page })
  if (error !== null && NEEDS_A_USER.includes(error))
    return ok(AT_PINGONE, `only a user is missing (${error})`)
  return problem(AT_PINGONE, error === null ? 'a code without a user' : loggedErrorCode(error), {
    fix,
    page,
  })
}
