import { answerNoSuchGrant, goTo } from '#sign-in/answers.tsx'
import type { AccountDeps } from '#sign-in/deps.ts'
import { answerPageDenial, readOwnForm } from '#sign-in/read-own-form.ts'

// As the library makes them; nothing else reaches an object.
const GRANT = /^[A-Za-z0-9_-]{16}$/

/**
 * POST /me/end: one grant, or `all`. In force when this answers: the very next request of the client gets 401.
 * @step me 11 ending access
 */
export async function endAccess(request: Request, parts: AccountDeps): Promise<Response> {
  const read = await readOwnForm(request, parts)
  if (!read.ok) return read.error
  const { form, user, page } = read.value
  const [grant = '', ...others] = form.all('grant')
  if (others.length > 0 || !(grant === 'all' || GRANT.test(grant))) return answerNoSuchGrant(parts)
  const ended = await user.endFromPage(page, grant === 'all' ? null : grant)
  switch (ended) {
    case 'done':
      // The page marks what it is sent to. A word in the query would let any link say that something has ended.
      return goTo(grant === 'all' ? '/me#earlier' : `/me#grant-${grant}`)
    case 'unknown':
      return answerNoSuchGrant(parts)
    case 'over':
    case 'blocked':
      return answerPageDenial(parts, ended)
    default:
      return ended satisfies never
  }
}
