/** Texts of a user's own page, for its user. Those of step-up are in finish-step-up.ts. */
import type { MessagePageProps } from '#pages/message-page.tsx'
import type { EndReason } from '#users/grants/grant.ts'

/** One text for another user's grant and for an id that never existed. */
export const NO_SUCH_GRANT: MessagePageProps = {
  title: 'There is no such access',
  sentence: 'It is not on your list. Nothing was changed.',
  next: { label: 'Back to the list', href: '/me' },
}

export const FORM_REFUSED: MessagePageProps = {
  title: 'This form was not accepted',
  sentence:
    'It did not come from your page here, or that page is of an earlier sign-in. Nothing was changed.',
  next: { label: 'Open your page', href: '/me' },
}

const AGAIN = { label: 'Sign in again', href: '/me' }

export const SIGNED_OUT: MessagePageProps = {
  title: 'You are signed out',
  sentence: 'Apps keep the access that you gave them. PingOne may still know this browser.',
  next: AGAIN,
  tone: 'done',
}

/** PingOne has no `end_session_endpoint`. */
export const SIGNED_OUT_HERE: MessagePageProps = {
  title: 'You are signed out here',
  sentence: 'PingOne names no address to sign out at. Close your browser to end your session there.',
  next: AGAIN,
  tone: 'done',
}

/** Why a grant ended, for its user. */
export const endSentence = (reason: EndReason): string => END_SENTENCES[reason]

const END_SENTENCES: Record<EndReason, string> = {
  revoked_by_client: 'The app gave it back itself.',
  code_reused: 'The app’s sign-in was presented a second time, so it was ended to be safe.',
  code_not_redeemed: 'The app never picked it up.',
  refresh_reused:
    'An old key of the app was presented again, which can be theft, so it was ended to be safe.',
  pingone_ended: 'Your session at PingOne was over.',
  downstream_expired: 'PingOne gave it for a short time only, and that ran out.',
  idle: 'The app did not use it for too long.',
  too_old: 'It reached the longest time that an access may last here.',
  refreshed_too_often: 'The app renewed it more often than one access may be renewed.',
  cap: 'You had too many: of the same app, or else of all, this one was unused the longest.',
  key_retired: 'This server no longer uses the key that it was kept under.',
  claims_too_old: 'This server had to know your groups anew, and PingOne gave no way to renew them.',
  ended_by_user: 'You ended it.',
  ended_by_operator: 'The operator of this server ended it.',
  blocked: 'The operator of this server blocked you.',
}
