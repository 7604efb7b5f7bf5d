import { DECIDES, HTTP, BOTH_DOCUMENTS, NO_TOKEN, TRANSPORTS } from './places.ts'
import type { Requirement } from './requirement.ts'

export const scopes: readonly Requirement[] = [
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
