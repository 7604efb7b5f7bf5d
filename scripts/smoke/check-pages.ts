import { type Finding, note } from '../doctor/finding.ts'
import type { Answer, Target } from './ask.ts'
import { type Check, faultsOf, headerFault, jsonOf, judge, statusFault, typeFault } from './judge.ts'

/** A page that everyone can open, signed out. */
interface PublicPage {
  readonly path: string
  readonly status: number
  /** A page of a login keeps its opener, because a web client waits for its popup. */
  readonly opener: 'same-origin' | 'unsafe-none'
}

const PAGES: readonly PublicPage[] = [
  { path: '/', status: 200, opener: 'unsafe-none' },
  { path: '/authorize', status: 400, opener: 'unsafe-none' },
  { path: '/callback', status: 400, opener: 'unsafe-none' },
  { path: '/me', status: 200, opener: 'same-origin' },
  { path: '/signed-in', status: 400, opener: 'same-origin' },
  { path: '/step-up/smoke', status: 404, opener: 'same-origin' },
  { path: '/smoke-test', status: 404, opener: 'unsafe-none' },
]

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
}

/** A browser's navigation: programs get an empty answer at some of these addresses. */
const NAVIGATION = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

/** The faults of a page's headers (src/pages/html-answer.ts sets them). */
export const armourFaults = (
  answer: Answer,
  { origin, opener }: { origin: string; opener: string },
): readonly (string | null)[] => [
  typeFault(answer, 'text/html'),
  ...Object.entries(HEADERS).map(([name, expected]) => headerFault(answer, name, expected)),
  headerFault(answer, 'cross-origin-opener-policy', opener),
  // Browsers ignore it over plain http.
  origin.startsWith('https:') &&
  !/^max-age=[1-9]\d{6,}/.test(answer.headers.get('strict-transport-security') ?? '')
    ? 'strict-transport-security is missing, or less than four months'
    : null,
]

/** The security headers of each page. A zone that rewrites pages or headers is found here. */
export const checkPages = ({ origin, ask }: Target): Promise<readonly Finding[]> =>
  Promise.all(
    PAGES.map(async ({ path, status, opener }) => {
      const check: Check = {
        check: `page ${path}`,
        fix: 'switch off what changes pages or headers in front of the server (rules, Email Obfuscation, Rocket Loader)',
        page: 'docs/run.md#the-smoke-test',
      }
      const answer = await ask(new URL(path, origin), { headers: NAVIGATION })
      const faults = faultsOf(answer, (given) => {
        // One fault, and not every header of a page that is not ours.
        const other = statusFault(given, status)
        return other === null ? armourFaults(given, { origin, opener }) : [other]
      })
      return judge(check, faults, `${status} with every security header`)
    }),
  )

const OTHER_HOST = 'not-this-server.example'
const HOST: Check = {
  check: 'another host name',
  fix: 'the server must see the host that was asked for: no proxy in front may rewrite it',
  page: 'docs/run.md#the-smoke-test',
}

/** Another host name at the same address is 421 (decision 14), unless the platform answers before the server. */
export async function checkOtherHost({ origin, ask }: Target): Promise<Finding> {
  const answer = await ask(new URL('/.well-known/jwks.json', origin), { headers: { host: OTHER_HOST } })
  const isPlatform = origin.startsWith('https:')
  if ('failed' in answer)
    return isPlatform ? note(HOST.check, `not asked: ${answer.failed}`) : judge(HOST, [answer.failed], '')
  if (answer.status === 421) return judge(HOST, [], '421')
  const isOurs = answer.status === 200 && jsonOf(answer.text) !== undefined
  if (isPlatform && !isOurs) return note(HOST.check, `the platform answers it itself, with ${answer.status}`)
  return judge(HOST, [`it answers ${answer.status} instead of 421`], '')
}
