import { sha256Hex } from '#lib/hash.ts'
import { newSecret } from '#sign-in/page-session.ts'

/** A token of an operator. No token of `/mcp` has this form, and the other way round (lib/issued-token.ts). */
export interface OperatorToken {
  /** Its MAC is not checked here (users/base/user-id.ts). */
  userId: string
  /** The id of the session in the operator's object. */
  session: string
}

const TOKEN = /^op_([\w-]{22}\.[A-Za-z0-9]{1,16}\.[\w-]{43})~[\w-]{43}$/

/** The object stores a hash only, so nothing stored opens a session. */
const sessionOf = (token: string) => sha256Hex(`operator\n${token}`)

export async function newOperatorToken(userId: string): Promise<OperatorToken & { text: string }> {
  const text = `op_${userId}~${newSecret()}`
  return { text, userId, session: await sessionOf(text) }
}

/** Null for every other text. */
export async function readOperatorToken(text: string): Promise<OperatorToken | null> {
  const [, userId] = TOKEN.exec(text) ?? []
  return userId === undefined ? null : { userId, session: await sessionOf(text) }
}
