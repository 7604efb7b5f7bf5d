/** Where a fault can be switched on. */
export const faultableEndpoints = [
  'discovery',
  'jwks',
  'authorize',
  'par',
  'resume',
  'token',
  'userinfo',
  'introspect',
  'revoke',
  'signoff',
] as const

/** What can go wrong between a client and PingOne. fault.ts says what each does. */
export const faultNames = [
  '503',
  '500',
  '429',
  'html',
  'malformed',
  'hang',
  'lost',
  'slow',
  'reset-like',
  'redirect',
  'invalid_client',
  'invalid_grant',
] as const

export type FaultableEndpoint = (typeof faultableEndpoints)[number]
export type FaultName = (typeof faultNames)[number]
export type Faults = { readonly [Endpoint in FaultableEndpoint]?: FaultName }
