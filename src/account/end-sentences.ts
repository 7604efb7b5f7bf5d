import type { EndReason } from '#users/grants/grant.ts'

/** Why an access ended, for the user whose it was. */
export function endSentence(reason: EndReason): string {
  switch (reason) {
    case 'revoked_by_client':
      return 'The app gave it back itself.'
    case 'code_reused':
      return 'The app’s sign-in was presented a second time, so it was ended to be safe.'
    case 'code_not_redeemed':
      return 'The app never picked it up.'
    case 'refresh_reused':
      return 'An old key of the app was presented again, which can be theft, so it was ended to be safe.'
    case 'pingone_ended':
      return 'Your session at PingOne was over.'
    case 'downstream_expired':
      return 'PingOne gave it for a short time only, and that ran out.'
    case 'idle':
      return 'The app did not use it for too long.'
    case 'too_old':
      return 'It reached the longest time that an access may last here.'
    case 'refreshed_too_often':
      return 'The app renewed it more often than one access may be renewed.'
    case 'cap':
      return 'You had too many: of the same app, or else of all, this one was unused the longest.'
    case 'key_retired':
      return 'This server no longer uses the key that it was kept under.'
    case 'ended_by_user':
      return 'You ended it.'
    case 'ended_by_operator':
      return 'The operator of this server ended it.'
    case 'blocked':
      return 'The operator of this server blocked you.'
    default:
      return reason satisfies never
  }
}
