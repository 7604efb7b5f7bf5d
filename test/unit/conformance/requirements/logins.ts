import { ASKED, LOGIN, FLOOD, CONFIG, TOKENS, CODE, RESOURCE, ANSWERED_HERE, GOES_BACK } from './places.ts'
import type { Requirement } from './requirement.ts'

export const logins: readonly Requirement[] = [
  {
    id: 28,
    level: 'MUST',
    asks: 'A redirect URI is compared exactly with the registered ones; on loopback the port may differ',
    section: 'Open Redirection; RFC 8252 §7.3',
    testedBy: [ANSWERED_HERE, `${ASKED}#a loopback redirect may have another port, and no other path`],
  },
  {
    id: 29,
    level: 'MUST',
    asks: 'Redirect URIs are https, or http on loopback',
    section: 'Communication Security',
    testedBy: [
      `${FLOOD}#a redirect to %s is a page, whether or not it was registered`,
      'test/workers/admission/modes.test.ts#cursor:// is refused when it is used, also where every client is admitted',
    ],
  },
  {
    id: 30,
    level: 'MUST',
    asks: 'An unknown client or a wrong redirect URI is answered here and redirected nowhere',
    section: 'Open Redirection; OAuth 2.1 §7.12.2',
    testedBy: [ANSWERED_HERE, `${FLOOD}#%s twice is a page: nobody knows where it would go`],
  },
  {
    id: 31,
    level: 'MUST',
    asks: 'PKCE with S256 from every client: missing, plain, or a wrong verifier is refused',
    section: 'Authorization Code Protection; OAuth 2.1 §4.1.1',
    testedBy: [GOES_BACK, `${LOGIN}#codes are redeemed with the right verifier alone, and once`],
  },
  {
    id: 32,
    level: 'MUST',
    asks: 'A code works once; when it comes again, what it gave ends',
    section: 'OAuth 2.1 §4.1.3',
    testedBy: [CODE, `${LOGIN}#codes are redeemed with the right verifier alone, and once`],
  },
  {
    id: 33,
    level: 'MUST',
    asks: 'A code is bound to its client and its redirect URI',
    section: 'OAuth 2.1 §4.1.3',
    testedBy: [CODE],
  },
  {
    id: 34,
    level: 'MUST',
    asks: 'state comes back exactly as it was sent',
    section: 'OAuth 2.1 §4.1.2',
    testedBy: [`${FLOOD}#a state of odd characters (%j) comes back exactly`],
  },
  {
    id: 35,
    level: 'SHOULD',
    asks: 'iss comes with success and with errors, once, and is the issuer',
    section: 'Authorization Response Validation; RFC 9207 §2',
    testedBy: [
      TOKENS,
      'test/attack/pingone-answers-with-an-error.test.ts#error %s goes home as %s, with state and issuer, without a word of PingOne',
    ],
  },
  {
    id: 36,
    level: 'MUST',
    asks: 'There is the code flow alone: no implicit, no password, no client credentials',
    section: 'OAuth 2.1 §10',
    testedBy: [GOES_BACK, `${FLOOD}#a token request %j is refused as a request`],
  },
  {
    id: 37,
    level: 'MUST',
    asks: 'resource is heeded and bound to the grant: a foreign one is invalid_target, none means the only one',
    section: 'Resource Parameter Implementation; RFC 8707 §2',
    testedBy: [
      GOES_BACK,
      RESOURCE,
      `${FLOOD}#resource may come twice if both are this server, and not with another beside it`,
    ],
  },
  {
    id: 38,
    level: 'MUST',
    asks: 'Token answers are JSON that nobody stores; everything is https',
    section: 'Communication Security; OAuth 2.1 §3.2.3',
    testedBy: [
      TOKENS,
      `${CONFIG}#plain http to PingOne needs a server that is on this machine too`,
      'test/unit/http/origin-guard.test.ts#%s is 421 without a word',
    ],
    reason: 'That Cloudflare serves no http for the hostname is a setting of the zone.',
  },
  {
    id: 39,
    level: 'MUST',
    asks: 'A client authenticates as it registered; otherwise 401 invalid_client',
    section: 'OAuth 2.1 §2.4',
    testedBy: [`${ASKED}#a client that registered a secret must show it, the way that it registered`],
  },
]
