/** Every expected "no" of this API, with its status and its sentence. The name is the `code` of the answer. */
const denials = {
  settings_invalid: [503, 'This deployment lacks settings.'],
  // Not 401: an outage of the issuer would sign users out.
  keys_unreachable: [503, 'The access token cannot be checked at the moment. Try again shortly.'],
  token_missing: [401, 'Send an access token of a signed-in user as a Bearer token.'],
  token_invalid: [401, 'The access token is expired, damaged or not meant for this API.'],
  user_required: [403, 'This API serves signed-in users, not applications.'],
  insufficient_scope: [403, 'The access token lacks the scope that this request needs.'],
  body_invalid: [400, 'The body must be {"text": "…"} with 1 to 500 characters.'],
  query_invalid: [400, 'A page has a `limit` of 1 to 100.'],
  body_too_large: [413, 'A body has at most 16 KB.'],
  key_invalid: [400, 'An Idempotency-Key has 1 to 255 visible ASCII characters.'],
  key_reused: [422, 'This Idempotency-Key belongs to another request of the last 24 hours.'],
  list_full: [422, 'There is no room for more.'],
  unknown: [404, 'There is nothing here.'],
} as const

export type Denial = keyof typeof denials

/** RFC 9457 (application/problem+json) and one log line, without token and text. */
export function answerDenial(code: Denial, scope?: string): Response {
  const [status, detail] = denials[code]
  console.warn(JSON.stringify({ level: 'warn', event: 'request.refused', status, code }))
  // RFC 6750 §3.1: no error code where no token was sent.
  const challenge =
    code === 'token_missing'
      ? 'Bearer'
      : `Bearer error="${code === 'token_invalid' ? 'invalid_token' : code}"`
  const isChallenged = status === 401 || code === 'insufficient_scope'
  return new Response(JSON.stringify({ type: 'about:blank', status, detail, code }), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(isChallenged
        ? { 'www-authenticate': scope === undefined ? challenge : `${challenge}, scope="${scope}"` }
        : {}),
    },
  })
}
