import { userNameIn } from '#authorization/clients/shown-name.ts'
import { log } from '#lib/log.ts'
import { sessionMark } from '#pingone/claims.ts'
import { goTo } from '#sign-in/answers.tsx'
import { beginFor } from '#sign-in/begin-sign-in.ts'
import { finishStepUp } from './finish-step-up.tsx'
import { type FinishedSignIn, finishOwnSignIn } from '#sign-in/own-sign-in.ts'
import { newPage, readPage } from '#sign-in/page-session.ts'
import type { AccountDeps } from '#sign-in/deps.ts'
import { refuseSignIn } from '#sign-in/refuse-sign-in.tsx'

/**
 * GET /signed-in: PingOne's answer to a sign-in of our own pages. What it was begun for is what it ends as.
 * @step me 7-10 PingOne's answer, by what it was begun for
 */
export async function answerSignedIn(request: Request, parts: AccountDeps): Promise<Response> {
  const finished = await finishOwnSignIn(request, parts)
  if (!finished.ok) {
    const { denial, purpose, headers } = finished.error
    // The session at PingOne was too old and its flow ignored max_age: ask once more, with prompt=login.
    if (denial.reason === 'stale' && !denial.isForced && purpose !== null)
      return beginFor(purpose, parts, { isForced: true, headers })
    return refuseSignIn(parts, finished.error)
  }
  const { purpose } = finished.value
  switch (purpose.kind) {
    case 'me':
      return openAccount(request, parts, finished.value)
    case 'step-up':
      return finishStepUp(purpose, finished.value, parts)
    default:
      return purpose satisfies never
  }
}

async function openAccount(
  request: Request,
  parts: AccountDeps,
  { user, userId, headers }: FinishedSignIn,
): Promise<Response> {
  const before = await readPage(request, parts)
  // This sign-in replaces any earlier one in this browser.
  await before?.user.closePage(before.page)
  const { page, cookie } = await newPage(userId)
  const reached = await parts.userOf(userId)
  const opened = await reached?.openPage(page, {
    userName: userNameIn(user),
    authenticatedAtSeconds: user.auth_time ?? 0,
    pingOneSession: await sessionMark(user),
  })
  if (opened !== 'done') {
    const denial = { reason: 'blocked', detail: 'own page' } as const
    return refuseSignIn(parts, { denial, purpose: { kind: 'me' }, headers })
  }
  log.info('sign-in.completed', { purpose: 'me' })
  headers.append('Set-Cookie', cookie)
  return goTo('/me', headers)
}
