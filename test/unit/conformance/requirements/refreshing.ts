import {
  RESOURCE,
  REFRESHING,
  HOLD,
  STOLEN,
  type Requirement,
  DECIDES,
  HTTP,
  BOTH_DOCUMENTS,
  NO_TOKEN,
  TRANSPORTS,
} from './requirement.ts'

/** Refresh tokens and scopes. */
export const refreshing: readonly Requirement[] = [
  {
    id: 66,
    level: 'MUST',
    asks: 'The refresh token of a public client is replaced whenever it is used',
    section: 'Token Theft; OAuth 2.1 §4.3.1',
    testedBy: [
      REFRESHING,
      `${HOLD}#fifty refreshes of one token at once leave every caller with the same working pair`,
    ],
  },
  {
    id: 67,
    level: 'MUST',
    asks: 'One that comes back after it was replaced is found out, and ends the grant',
    section: 'OAuth 2.1 §4.3.1; RFC 9700 §4.14.2',
    testedBy: [
      'test/workers/grants/strangers.test.ts#T19 a refresh token that comes back after its minute ends its own grant and no other',
      `${STOLEN}#T17 a refresh token that comes twice brings the same answer, and no second pair`,
    ],
    reason:
      'Within a minute a repeat gets the answer of the first one again: it may have been lost on its way.',
  },
  {
    id: 68,
    level: 'MUST',
    asks: 'Refreshing brings no more scope and no other resource, and nothing to another client',
    section: 'OAuth 2.1 §4.3.1; RFC 8707 §2.2',
    testedBy: [
      REFRESHING,
      RESOURCE,
      `${STOLEN}#T18 a refresh token stolen within its window brings no more than its owner has, and only to its client`,
      'test/workers/grants/refreshes-that-repeat.test.ts#a refresh may narrow its scopes and nothing else: the next one has all of them again',
    ],
  },
  {
    id: 69,
    level: 'SHOULD',
    asks: 'Refreshing works without a scope and without a resource',
    section: 'RFC 6749 §6; RFC 8707 §2.2',
    testedBy: [REFRESHING],
    reason: 'The client of these stories sends neither unless it is told to.',
  },
  {
    id: 70,
    level: 'SHOULD',
    asks: 'A client can revoke, and revoking the refresh token ends the grant',
    section: 'RFC 7009 §2',
    testedBy: [
      `${HOLD}#what a client revokes ends here at once, says why, and ends at PingOne too`,
      `${STOLEN}#T37 what was revoked is over at once, and a code ends with its tokens when it comes twice`,
    ],
  },
  {
    id: 71,
    level: 'SHOULD',
    asks: 'One begins with the least, and more is asked for by name when it is needed',
    section: 'SBP Scope Minimization; Step-Up Authorization Flow',
    testedBy: [BOTH_DOCUMENTS, NO_TOKEN, `${HTTP}#%s: a call without the scope is 403 with every scope`],
  },
  {
    id: 72,
    level: 'SHOULD',
    asks: 'A token may have less than was asked for; what a call lacks is told when it is made, and lists stay the same',
    section: 'SBP Scope Minimization; Tools, Listing',
    testedBy: [
      `${DECIDES}#a user who allows %s`,
      `${TRANSPORTS}#%s: whatever the token covers, the same tools are listed in the same words`,
    ],
  },
  {
    id: 73,
    level: 'SHOULD',
    asks: 'Who got more, when and for which grant is in the log',
    section: 'SBP Scope Minimization',
    testedBy: [
      'test/e2e/what-elevation-leaves.test.ts#what a client asked for and a user %s is in the log, by grant',
      'test/workers/users/step-ups.test.ts#another user changes nothing, is said in the log, and their tokens go back',
    ],
  },
]
