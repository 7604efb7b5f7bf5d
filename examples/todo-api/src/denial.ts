/** An invalid field: its position (RFC 6901 pointer) and the rule, never its value. */
type FieldError = { readonly pointer: string; readonly detail: string }

/** An expected "no". The reason is the `code` of the answer; `why` is for the log only. */
export type Denial =
  | { readonly reason: 'settings_invalid'; readonly names: readonly string[] }
  | { readonly reason: 'keys_unreachable'; readonly why: string }
  | { readonly reason: 'token_missing' }
  | { readonly reason: 'invalid_token'; readonly why: string }
  | { readonly reason: 'user_required' }
  | { readonly reason: 'insufficient_scope'; readonly scope: string }
  | { readonly reason: 'body_too_large' }
  | { readonly reason: 'body_not_json' }
  | { readonly reason: 'fields_invalid'; readonly fields: readonly FieldError[] }
  | { readonly reason: 'parameters_invalid'; readonly parameters: readonly string[] }
  | { readonly reason: 'idempotency_key_malformed' }
  | { readonly reason: 'idempotency_key_reused' }
  | { readonly reason: 'todo_unknown' }
  | { readonly reason: 'list_full' }
  | { readonly reason: 'path_unknown' }
  | { readonly reason: 'method_unknown'; readonly allow: string }
  | { readonly reason: 'unexpected' }

// RFC 9457 §4.2.1: where `type` is about:blank, the title is the phrase of the status (RFC 9110 §15).
const titles = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const

type AnswerText = readonly [status: keyof typeof titles, detail: string]

/** The answer to every denial. A new reason does not compile without one. */
const answers: Readonly<Record<Denial['reason'], AnswerText>> = {
  settings_invalid: [503, 'This deployment is not set up: `settings` names what is missing or wrong.'],
  // Not 401: an outage of the issuer must not sign users out.
  keys_unreachable: [503, 'The access token cannot be checked at the moment. Try again shortly.'],
  token_missing: [401, 'Send an access token of a signed-in user as a Bearer token.'],
  // One sentence for every cause: callers do not learn which check failed.
  invalid_token: [401, 'The access token is expired, damaged or not meant for this API.'],
  // Not 401: another token of the same kind would not help.
  user_required: [
    403,
    'This API serves signed-in users; the token is one that an application got for itself.',
  ],
  insufficient_scope: [403, 'The access token lacks a scope that this request needs.'],
  body_too_large: [413, 'A body has at most 16 KB.'],
  body_not_json: [400, 'The body must be JSON in UTF-8.'],
  fields_invalid: [400, 'The body does not have the form that this route takes: `errors` says where.'],
  parameters_invalid: [
    400,
    'The query does not have the form that this route takes: `parameters` names what.',
  ],
  idempotency_key_malformed: [400, 'An Idempotency-Key has 1 to 255 visible ASCII characters.'],
  idempotency_key_reused: [422, 'This Idempotency-Key belongs to another request of the last 24 hours.'],
  todo_unknown: [404, 'There is no todo with this id.'],
  list_full: [422, 'A list holds at most 10,000 todos.'],
  path_unknown: [404, 'There is nothing at this path.'],
  method_unknown: [405, 'This path does not take this method: `Allow` has those that it takes.'],
  unexpected: [500, 'Something went wrong here. The operator finds it in the log by the incident id.'],
}

/** A denial as the members of a problem (RFC 9457 §3). */
export function problemOf(denial: Denial) {
  const [status, detail] = answers[denial.reason]
  return {
    type: 'about:blank',
    title: titles[status],
    status,
    detail,
    code: denial.reason,
    ...(denial.reason === 'settings_invalid' ? { settings: denial.names } : {}),
    ...(denial.reason === 'fields_invalid' ? { errors: denial.fields } : {}),
    ...(denial.reason === 'parameters_invalid' ? { parameters: denial.parameters } : {}),
  }
}

const challenge = (value: string) => ({ 'WWW-Authenticate': value })

/** Headers that tell a program what to do next. */
export function headersOf(denial: Denial): Record<string, string> {
  if (denial.reason === 'method_unknown') return { Allow: denial.allow }
  if (denial.reason === 'settings_invalid') return { 'Retry-After': '60' }
  if (denial.reason === 'keys_unreachable') return { 'Retry-After': '5' }
  if (denial.reason === 'invalid_token') return challenge('Bearer error="invalid_token"')
  if (denial.reason === 'insufficient_scope') {
    return challenge(`Bearer error="insufficient_scope", scope="${denial.scope}"`)
  }
  // RFC 6750 §3.1: no error code without a token, and none for "not a user".
  if (denial.reason === 'token_missing' || denial.reason === 'user_required') return challenge('Bearer')
  return {}
}

/** A denial is returned as a value. Bugs and outages are thrown. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly denial: Denial }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const deny = (denial: Denial): Result<never> => ({ ok: false, denial })
