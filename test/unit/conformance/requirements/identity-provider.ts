import {
  ASKED,
  LOGIN,
  DECIDES,
  FORGED,
  DOWN,
  CONFIG,
  BEFORE_THE_CLICK,
  type Requirement,
} from './requirement.ts'

export const identityProvider: readonly Requirement[] = [
  {
    id: 57,
    level: 'MUST',
    asks: 'The state that goes to the identity provider is random, and new each time',
    section: 'SBP OAuth State Parameter Validation',
    testedBy: [
      `${ASKED}#every login goes to PingOne with a state, a nonce and a challenge that nobody saw before`,
    ],
  },
  {
    id: 58,
    level: 'MUST',
    asks: 'It is made only after the consent',
    section: 'SBP OAuth State Parameter Validation',
    testedBy: [
      BEFORE_THE_CLICK,
      `${FORGED}#T08 the handle of our form is no state, and a state is no handle of our form`,
    ],
  },
  {
    id: 59,
    level: 'MUST',
    asks: 'The callback takes only the state of this browser',
    section: 'SBP OAuth State Parameter Validation',
    testedBy: [
      `${LOGIN}#an answer of PingOne in another browser is refused, and still works in its own`,
      `${LOGIN}#a %s state is answered here and leads nowhere`,
      `${FORGED}#a callback with %s is a page, and the real one still works`,
    ],
  },
  {
    id: 60,
    level: 'MUST',
    asks: 'It works once, and for about ten minutes',
    section: 'SBP OAuth State Parameter Validation',
    testedBy: [
      `${LOGIN}#an answer of PingOne works once`,
      `${FORGED}#a callback that comes after ten minutes is a page, like one that was used`,
    ],
    reason:
      'KV cannot make "once" atomic: of callbacks at the same moment in one browser several may pass, and PingOne takes the code once.',
  },
  {
    id: 61,
    level: 'SHOULD',
    asks: 'A no reaches the client as access_denied, an error of the identity provider as an error, neither as a code',
    section: 'RFC 6749 §4.1.2.1',
    testedBy: [
      `${DECIDES}#a user who says no %s sends the client home with access_denied`,
      'test/attack/pingone-answers-with-an-error.test.ts#error %s goes home as %s, with state and issuer, without a word of PingOne',
    ],
  },
  {
    id: 62,
    level: 'MUST',
    asks: 'As a client of the identity provider: PKCE, and every check of an id token',
    section: 'OAuth 2.1 §7; OpenID Connect Core §3.1.3.7',
    testedBy: [
      `${LOGIN}#an id token that is %s ends the login`,
      `${LOGIN}#a code of another login, and a callback without one, end the login`,
      'test/e2e/another-op.test.ts#a user signs in through a provider that others wrote, and a tool works with its token',
    ],
  },
  {
    id: 63,
    level: 'MUST',
    asks: 'An iss on the callback must be the issuer, with an error too',
    section: 'Mix-Up Attacks; RFC 9207 §2.4',
    testedBy: [
      `${LOGIN}#an answer that names another issuer ends the login; the right one and none are fine`,
      `${FORGED}#T07 an error in the name of another issuer is not taken for the word of the user`,
    ],
  },
  {
    id: 64,
    level: 'SHOULD',
    asks: 'Addresses of the identity provider come from settings, are https, and their redirects are not followed',
    section: 'SBP SSRF',
    testedBy: [
      `${CONFIG}#plain http to PingOne needs a server that is on this machine too`,
      `${DOWN}#T13 a discovery that redirects is not followed, and tells the client`,
      `${DOWN}#%s answers with %s at the callback: "try again" signs in with what was approved`,
    ],
  },
  {
    id: 65,
    level: 'MUST',
    asks: 'When the identity provider has ended a grant, its tokens here end',
    section: 'RFC 9700 §4.14',
    testedBy: [
      'test/e2e/the-api-by-binding-and-by-url.test.ts#where PingOne has ended the session too, it is 401, and a new login goes on',
      'test/e2e/grants-hold.test.ts#a user who signs out at PingOne is out here at the next renewal, with every client',
      'test/workers/grants/without-refresh-token.test.ts#in the last minute there is nothing to refresh for, and the client hears why',
    ],
  },
]
