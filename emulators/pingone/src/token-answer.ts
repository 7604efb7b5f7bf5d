import { issueAccessToken } from './access-token.ts'
import { json, type Answer } from './answer.ts'
import { issueIdToken } from './id-token.ts'
import type { Given } from './records.ts'
import type { Visit } from './visit.ts'

/** The body of every answer with tokens of a user. */
export async function answerTokens(
  visit: Visit,
  given: Given,
  scopes: readonly string[],
  { nonce, refreshToken }: { nonce: string | undefined; refreshToken: string | undefined },
): Promise<Answer> {
  const { switches } = visit
  const accessToken = await issueAccessToken(visit, given, scopes)
  const idToken = await issueIdToken(visit, given, nonce, accessToken)
  const body = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: switches.accessTokenSeconds,
    // L: that the OIDC scopes are listed here, though the token itself leaves them out.
    scope: [...scopes, ...switches.extraAccessScopes].join(' '),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
  return json(body, `tokens for ${given.username}: ${scopes.join(' ')}`)
}
