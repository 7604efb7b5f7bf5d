import type { Store, TimelineEntry } from './store.ts'

const entriesKept = 200
const longestValue = 200

/** Parameters whose values may be read by whoever reads the control page. */
const readable = new Set([
  'acr_values',
  'client_id',
  'client_assertion_type',
  'code_challenge_method',
  'decision',
  'grant_type',
  'login_hint',
  'max_age',
  'post_logout_redirect_uri',
  'prompt',
  'redirect_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'token_type_hint',
  'username',
])

/** Parameters of the protocol that carry or bind a secret. */
const secret =
  /token|secret|password|assertion|^(code|code_verifier|code_challenge|state|nonce|csrf|request|request_uri|flowId)$/i

/** Extra parameters of an authorization request reach the flow, so users want to see them. */
const takesExtras = new Set(['authorize', 'par'])

/** What was asked, without anything that would let a reader act for somebody. */
export function shownParameters(endpoint: string, parameters: URLSearchParams): Record<string, string> {
  const shown = new Map<string, string>()
  for (const [name, value] of parameters) {
    const isShown = readable.has(name) || (takesExtras.has(endpoint) && !secret.test(name))
    const before = shown.get(name)
    const text = isShown ? value.slice(0, longestValue) : '(hidden)'
    shown.set(name.slice(0, longestValue), before === undefined ? text : `${before} ${text}`)
  }
  return Object.fromEntries(shown)
}

/** Counts a request the moment it arrives, so that a request that hangs is counted too. */
export function count(store: Store, name: string): void {
  store.counts.put(name, (store.counts.get(name) ?? 0) + 1)
}

/** Adds an entry; the oldest goes when there are 200. */
export function record(store: Store, entry: TimelineEntry): void {
  const number = store.counts.get('timeline') ?? 0
  store.counts.put('timeline', number + 1)
  store.timeline.put(String(number % entriesKept), entry)
}

/** The entries, newest first. */
export function readTimeline(store: Store): TimelineEntry[] {
  const end = store.counts.get('timeline') ?? 0
  const numbers = Array.from({ length: Math.min(end, entriesKept) }, (_, index) => end - 1 - index)
  return numbers.flatMap((number) => store.timeline.get(String(number % entriesKept)) ?? [])
}
