import type { Store, TimelineEntry } from './store.ts'

const entriesKept = 200
const longestValue = 200

/** Parameters whose values the control page shows. */
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

/** Protocol parameters that carry or bind a secret. */
const secret =
  /token|secret|password|assertion|^(code|code_verifier|code_challenge|state|nonce|csrf|request|request_uri|flowId)$/i

/** Endpoints whose extra parameters are shown, because they reach the flow. */
const showsExtras = new Set(['authorize', 'par'])

/** The parameters of a request, with secrets hidden. */
export function shownParameters(endpoint: string, parameters: URLSearchParams): Record<string, string> {
  const shown = new Map<string, string>()
  for (const [name, value] of parameters) {
    const isShown = readable.has(name) || (showsExtras.has(endpoint) && !secret.test(name))
    const before = shown.get(name)
    const text = isShown ? value.slice(0, longestValue) : '(hidden)'
    shown.set(name.slice(0, longestValue), before === undefined ? text : `${before} ${text}`)
  }
  return Object.fromEntries(shown)
}

/** Counts a request on arrival, so that hanging requests are counted too. */
export function count(store: Store, name: string): void {
  store.counts.put(name, (store.counts.get(name) ?? 0) + 1)
}

/** Adds an entry and drops the oldest of more than 200. */
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
