import { isHttps } from '#authorization/login/answers.tsx'
import { inForce } from '#authorization/scopes.ts'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import type { EndedGrant, LiveGrant } from '#pages/account-clients.tsx'
import { AccountPage, AccountSignInPage } from '#pages/account-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { message } from '#sign-in/denials.ts'
import { answerBlocked, droppedPage, type FormDenial, namesPage, readPage } from '#sign-in/page-session.ts'
import type { Account, PageDenial } from '#users/grants/account-service.ts'
import type { AccountDeps } from './deps.ts'
import { endSentence, FORM_REFUSED } from './texts.ts'
import { clientOf, momentOf, shownScopes, usedMoment } from './view.ts'

const MOST_ENDED = 20

/**
 * GET /me: the clients that can act for this user, or the button to sign in.
 * @step me 1-2 page
 */
export async function showAccount(request: Request, deps: AccountDeps): Promise<Response> {
  const open = await readPage(request, deps)
  if (open === null) {
    if (namesPage(request)) deps.noteFailure(request)
    return askToSignIn({ isOver: false, status: 200 }, deps)
  }
  const account = await open.user.readAccount(open.page)
  if (account === 'over' || account === 'blocked') {
    deps.noteFailure(request)
    return answerDenial(account, deps, 200)
  }
  // After an end, the URL's fragment names the grant, which may be far down the list.
  const options = { isHttps: isHttps(deps.config), isScrolledByAddress: true }
  return htmlAnswer(accountPage(account, open.csrf, deps), options)
}

function accountPage({ userName, grants }: Account, csrf: string, deps: AccountDeps) {
  const { config, product, nowSeconds } = deps
  const live = grants
    .filter(({ ended }) => ended === null)
    .toSorted((a, b) => b.openedAtSeconds - a.openedAtSeconds)
    .map((grant): LiveGrant => ({
      id: grant.id,
      client: clientOf(grant, deps),
      scopes: shownScopes(inForce(grant.scopes, config), deps),
      since: momentOf(grant.openedAtSeconds),
      lastUsed: usedMoment(grant.usedAtSeconds, nowSeconds()),
      sessions: grant.sessions,
    }))
  const ended = grants
    .flatMap((grant) => (grant.ended === null ? [] : [{ grant, ...grant.ended }]))
    .toSorted((a, b) => b.atSeconds - a.atSeconds)
    .map(({ grant, reason, atSeconds }): EndedGrant => ({
      id: grant.id,
      client: clientOf(grant, deps),
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
      {...config.brand}
      apiName={product.api}
    />
  )
}

/** The page with the button to sign in. `isOver`: this browser's session has ended. */
function askToSignIn(
  { isOver, status }: { isOver: boolean; status: 200 | 403 },
  deps: AccountDeps,
): Response {
  const { config, product } = deps
  const page = <AccountSignInPage isOver={isOver} {...config.brand} apiName={product.api} />
  const headers = new Headers(isOver ? { 'Set-Cookie': droppedPage() } : {})
  return htmlAnswer(page, { isHttps: isHttps(config), status, headers })
}

/** Answers a form that was not accepted, or a session that the user's object does not accept. */
export function answerDenial(
  denial: FormDenial | PageDenial,
  deps: AccountDeps,
  status: 200 | 403 = 403,
): Response {
  switch (denial) {
    case 'blocked':
      return answerBlocked(deps)
    case 'over':
      return askToSignIn({ isOver: true, status }, deps)
    case 'origin':
    case 'form':
    case 'csrf': {
      const incident = newIncident()
      log.warn('account.form-refused', { reason: denial, incident })
      return message({ ...FORM_REFUSED, incident }, deps, { status })
    }
    default:
      return denial satisfies never
  }
}
