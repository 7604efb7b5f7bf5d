import { isHttps } from '#authorization/login/answers.tsx'
import { AccountSignInPage } from '#pages/account-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { MessagePage, type MessagePageProps } from '#pages/message-page.tsx'
import type { AccountDeps } from './deps.ts'
import { droppedPage } from './page-session.ts'
import { BLOCKED } from './denials.ts'

const NOTHING = { next: null, retry: null, incident: null, tone: 'problem' } as const

/** A page with one message, and what it does not need left out. */
export const message = (
  props: Pick<MessagePageProps, 'title' | 'sentence'> & Partial<MessagePageProps>,
  { config }: AccountDeps,
  { status = 200, headers = new Headers() }: { status?: number; headers?: Headers } = {},
): Response =>
  htmlAnswer(<MessagePage {...NOTHING} {...props} />, { isHttps: isHttps(config), status, headers })

/** The button that begins a sign-in. `isOver`: a session that was there is not there any more. */
export function askToSignIn(
  { config, product }: AccountDeps,
  { isOver, status = 200 }: { isOver: boolean; status?: number },
): Response {
  const page = <AccountSignInPage isOver={isOver} productName={product.name} apiName={product.api} />
  const headers = new Headers(isOver ? { 'Set-Cookie': droppedPage() } : {})
  return htmlAnswer(page, { isHttps: isHttps(config), status, headers })
}

export const answerBlocked = (parts: AccountDeps): Response =>
  message({ title: 'You may not use this server', sentence: BLOCKED }, parts, {
    status: 403,
    headers: new Headers({ 'Set-Cookie': droppedPage() }),
  })

/** For what is not this user's, and for what never was: nobody learns which. */
export const answerNoSuchGrant = (parts: AccountDeps): Response =>
  message(
    {
      title: 'There is no such access',
      sentence: 'It is not on your list. Nothing was changed.',
      next: { label: 'Back to the list', href: '/me' },
    },
    parts,
    { status: 404 },
  )

/** To another page of ours. No referrer: where this answers PingOne, the address before it has a code in it. */
export const goTo = (path: string, headers = new Headers()): Response => {
  headers.set('Location', path)
  headers.set('Cache-Control', 'no-store')
  headers.set('Referrer-Policy', 'no-referrer')
  return new Response(null, { status: 303, headers })
}
