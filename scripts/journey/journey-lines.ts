import type { EmulatorState } from '#harness/emulator.ts'
import type { Step } from '#harness/steps.ts'
import { OUR_ANSWERS, emulatorFile } from './our-answers.ts'

export interface JourneyLine {
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly request: string
  readonly status: number
  readonly checked: string
  readonly file: string
}

type EmulatorEntry = EmulatorState['timeline'][number]

// The endpoints that a browser opens at PingOne; servers request all others.
const FOR_BROWSERS = new Set(['authorize', 'signon', 'register', 'reset', 'consent', 'resume', 'signoff'])
const PAGES = new Set(['signon', 'register', 'reset', 'consent'])

/** Requests of client and browser to our servers. PingOne's timeline describes the rest in more detail. */
export const linesOfSteps = (steps: readonly Step[], origin: string): readonly JourneyLine[] =>
  steps
    .filter(({ url }) => url.origin === origin)
    .map(({ from, method, url, status, sentAtMs }) => {
      const { pathname } = url
      const answer = OUR_ANSWERS.find(
        (candidate) =>
          candidate.method === method &&
          candidate.path.test(pathname) &&
          (candidate.status === undefined || candidate.status === status),
      )
      const { checked = '', file = 'src/compose.ts' } = answer ?? {}
      return { atMs: sentAtMs, from, to: 'mcp', request: `${method} ${pathname}`, status, checked, file }
    })

export const linesOfEmulator = (
  timeline: readonly EmulatorEntry[],
  steps: readonly Step[],
): readonly JourneyLine[] =>
  timeline.map(({ at, method, endpoint, status, reason }) => {
    const atMs = Date.parse(at)
    return {
      atMs,
      from: FOR_BROWSERS.has(endpoint) ? 'browser' : serverThatAsked(atMs, steps),
      to: 'pingone',
      request: `${method} ${pathOf(endpoint)}`,
      status,
      checked: reason,
      file: emulatorFile(endpoint),
    }
  })

function pathOf(endpoint: string): string {
  if (endpoint === 'discovery') return '…/as/.well-known/openid-configuration'
  return PAGES.has(endpoint) ? `…/signon/${endpoint === 'signon' ? '' : endpoint}` : `…/as/${endpoint}`
}

/** During a tool call the API fetches keys, during a login the MCP server does. */
const serverThatAsked = (atMs: number, steps: readonly Step[]): string =>
  steps.some(
    ({ url, sentAtMs, answeredAtMs }) => url.pathname === '/mcp' && sentAtMs <= atMs && atMs <= answeredAtMs,
  )
    ? 'api'
    : 'mcp'

export function formatLine({ from, to, request, status, checked, file }: JourneyLine): string {
  const who = `${from.padEnd(8)} → ${to.padEnd(8)}`
  return `${who} ${request.padEnd(46)} ${status}  ${checked.slice(0, 80).padEnd(80)}  ${file}`
}
