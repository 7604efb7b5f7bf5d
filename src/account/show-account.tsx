import { isHttps } from '#authorization/login/answers.tsx'
import { inForce } from '#authorization/scopes.ts'
import type { Account } from '#users/grants/account-service.ts'
import { AccountPage, type EndedGrant, type LiveGrant } from '#pages/account-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { askToSignIn } from '#sign-in/answers.tsx'
import { endSentence } from './end-sentences.ts'
import { momentOf, usedMoment } from './moments.ts'
import { namesPage, readPage } from '#sign-in/page-session.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { answerPageDenial } from '#sign-in/read-own-form.ts'
import { clientOf } from './shown-client.ts'

const MOST_ENDED = 20

/**
 * GET /me: who can act for this user, or the button to sign in.
 * @step me 1-2 page
 */
export async function showAccount(request: Request, parts: AccountDeps): Promise<Response> {
  const open = await readPage(request, parts)
  if (open === null) {
    if (namesPage(request)) parts.noteFailure(request)
    return askToSignIn(parts, { isOver: false })
  }
  const account = await open.user.readAccount(open.page)
  if (account === 'over' || account === 'blocked') {
    parts.noteFailure(request)
    return answerPageDenial(parts, account, 200)
  }
  // After an end the address names what ended, and that may be far down the list.
  const options = { isHttps: isHttps(parts.config), isScrolledByAddress: true }
  return htmlAnswer(accountPage(parts, account, open.csrf), options)
}

function accountPage(parts: AccountDeps, { userName, grants }: Account, csrf: string) {
  const { config, product, nowSeconds } = parts
  const live = grants
    .filter(({ ended }) => ended === null)
    .toSorted((a, b) => b.openedAtSeconds - a.openedAtSeconds)
    .map((grant): LiveGrant => ({
      id: grant.id,
      client: clientOf(grant, parts),
      scopes: config.api.scopes.filter(({ value }) => inForce(grant.scopes, config).includes(value)),
      since: momentOf(grant.openedAtSeconds),
      lastUsed: usedMoment(grant.usedAtSeconds, nowSeconds()),
      sessions: grant.sessions,
    }))
  const ended = grants
    .flatMap((grant) => (grant.ended === null ? [] : [{ grant, ...grant.ended }]))
    .toSorted((a, b) => b.atSeconds - a.atSeconds)
    .map(({ grant, reason, atSeconds }): EndedGrant => ({
      id: grant.id,
      client: clientOf(grant, parts),
      since: momentOf(grant.openedAtSeconds),
      endedAt: momentOf(atSeconds),
      why: endSentence(reason),
    }))
  return (
    <AccountPage
      userName={userName}
      csrf={csrf}
      live={live}
      ended={ended.slice(0, MOST_ENDED)}
      endedMore={Math.max(0, ended.length - MOST_ENDED)}
      productName={product.name}
      apiName={product.api}
    />
  )
}
