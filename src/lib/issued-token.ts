/** The public parts of a token of this server. */
export interface IssuedToken {
  /** The user id. Its MAC is not checked here (users/base/user-id.ts). */
  user: string
  /** The id of the root key that made the MAC. */
  keyId: string
  grant: string
}

// `<userId>:<grantId>:<secret>` is the OAuth library's form; our user ids are `<name>.<key id>.<mac>`.
const ISSUED = /^([\w-]{22}\.([A-Za-z0-9]{1,16})\.[\w-]{43}):([\w-]{16}):[\w-]{32}$/

/** The only parser of our access tokens, refresh tokens and codes; null for every other text. */
export function readIssuedToken(text: string): IssuedToken | null {
  const [, user, keyId, grant] = ISSUED.exec(text) ?? []
  return user === undefined || keyId === undefined || grant === undefined ? null : { user, keyId, grant }
}
