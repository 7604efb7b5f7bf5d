import type { ErrorBody, ErrorCode } from './api-schema.ts'

/** Why the operator API did nothing. `message`: what to do next, for the operator. */
export interface ApiDenial {
  code: ErrorCode
  message: string
  incident?: string
  /** What is wrong with a policy document, one sentence each. */
  problems?: string[]
  retryAfterSeconds?: number
}

const STATUS: Record<ErrorCode, number> = {
  invalid: 400,
  unauthenticated: 401,
  blocked: 403,
  role: 403,
  stale: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
}

/** No cache stores an answer, and no web page of another origin reads one. */
export const apiHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const

export function answerApiDenial(denial: ApiDenial): Response {
  const { code, message, incident, problems, retryAfterSeconds } = denial
  const headers = new Headers(apiHeaders)
  // RFC 6750 §3. It names no metadata: this sign-in is for the command line alone.
  if (code === 'unauthenticated') headers.set('WWW-Authenticate', 'Bearer realm="operate"')
  if (retryAfterSeconds !== undefined) headers.set('Retry-After', String(retryAfterSeconds))
  const more = { ...(incident !== undefined && { incident }), ...(problems !== undefined && { problems }) }
  const body: ErrorBody = { error: { code, message, ...more } }
  return Response.json(body, { status: STATUS[code], headers })
}

export const unauthenticated: ApiDenial = {
  code: 'unauthenticated',
  message: 'This sign-in is not valid or is over. Sign in again.',
}
export const blocked: ApiDenial = { code: 'blocked', message: 'An operator has blocked your access.' }
export const stale: ApiDenial = {
  code: 'stale',
  message: 'This needs a sign-in of the last five minutes. Nothing was changed. Sign in again.',
}
export const lacksRole = (role: string): ApiDenial => ({
  code: 'role',
  message: `This needs the role ${role}, which none of your groups has. Nothing was changed.`,
})
export const notFound = (message: string): ApiDenial => ({ code: 'not-found', message })
export const noSuchUser = notFound(
  'The directory does not know this user. A user appears a few seconds after the first sign-in.',
)
export const noSuchPath = notFound('The operator API has no such address.')

export const conflict = (message: string): ApiDenial => ({ code: 'conflict', message })

/** `fields`: names of fields, never values. */
export const invalid = (fields: string): ApiDenial => ({
  code: 'invalid',
  message: `The request is not valid: ${fields}.`,
})
export const tooLarge: ApiDenial = { code: 'too-large', message: 'The request is too large.' }
export const tooMany = (retryAfterSeconds: number): ApiDenial => ({
  code: 'too-many',
  message: 'There were too many failed requests from your network. Wait and try again.',
  retryAfterSeconds,
})
export const unavailable = (incident: string): ApiDenial => ({
  code: 'unavailable',
  message:
    'Not everything answered, so it is not known whether all of it was done. Send the same request again.',
  incident,
  retryAfterSeconds: 5,
})
