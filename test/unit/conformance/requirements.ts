/**
 * What the MCP specification asks of a server that is its own authorization server and signs people in elsewhere, in
 * our words: revision 2026-07-28 (where 2025-11-25 asks the same, it is not said twice), its security best practices
 * ("SBP"), and the RFCs that it refers to. Each has tests, or a reason why it has none.
 */
export interface Requirement {
  readonly id: number
  readonly level: 'MUST' | 'SHOULD'
  readonly asks: string
  readonly section: string
  /** `file#title` */
  readonly testedBy?: readonly string[]
  /** Why there is no test, or what the tests leave open. */
  readonly reason?: string
}

const ASKED = 'test/e2e/what-the-specifications-ask.test.ts'
const LOGIN = 'test/e2e/a-login-checks-everything.test.ts'
const DECIDES = 'test/e2e/what-a-person-decides.test.ts'
const OTHERS = 'test/e2e/nobody-sees-anothers.test.ts'
const CANARY = 'test/attack/canary.test.ts'
const FLOOD = 'test/attack/authorize-is-flooded.test.ts'
const FORGED = 'test/attack/callback-is-forged.test.ts'
const DOWN = 'test/attack/pingone-is-down.test.ts'
const GARBAGE = 'test/attack/mcp-is-fed-garbage.test.ts'
const NAMES = 'test/attack/names-that-deceive.test.ts'
const PAGES = 'test/attack/every-page-is-armoured.test.ts'
const PRIVATE = 'test/attack/client-names-a-private-address.test.ts'
const HTTP = 'test/workers/mcp/http.test.ts'
const DOCUMENTS = 'test/workers/admission/documents.test.ts'
const REAL = 'test/workers/admission/real-clients.test.ts'
const REGISTRATION = 'test/workers/admission/registration.test.ts'
const CONSENT = 'test/unit/pages/consent-page.test.tsx'
const CONFIG = 'test/unit/config.test.ts'

const BOTH_DOCUMENTS = `${ASKED}#both documents are where the specifications put them, and say the same as the addresses do`
const NO_TOKEN = `${ASKED}#who brings no token is told where to get one and for what, and nothing else`
const TOKENS = `${ASKED}#tokens come as JSON that nobody keeps, live an hour, and the code and the refresh token open nothing`
const CODE = `${ASKED}#a code is for its client and its redirect URI, and when it comes twice its tokens end`
const RESOURCE = `${ASKED}#the resource may be left out or be written in capitals, and cannot be changed afterwards`
const NOT_OURS = `${OTHERS}#a bearer that this server did not make is 401 and touches nothing`
const ANSWERED_HERE = `${LOGIN}#a request with %j is answered here: its redirect is not to be trusted`
const GOES_BACK = `${LOGIN}#a request with %j goes back to its client as %s`
const BEFORE_THE_CLICK = `${LOGIN}#nothing reaches PingOne before the click, and what was set before the click opens no callback`
const OUR_FORM = `${LOGIN}#our form works only in the browser that has the page, and not from another site`
const BROKEN_DOCUMENT = `${DOCUMENTS}#a document that %s: 503, a page, no redirect`

export const requirements: readonly Requirement[] = [
  // Metadata
  {
    id: 1,
    level: 'MUST',
    asks: 'There is a protected resource metadata document, and the challenge leads to it',
    section: 'Authorization, Overview; RFC 9728 §3',
    testedBy: [BOTH_DOCUMENTS, NO_TOKEN],
  },
  {
    id: 2,
    level: 'MUST',
    asks: 'It names at least one authorization server',
    section: 'Authorization Server Location; RFC 9728 §2',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 3,
    level: 'MUST',
    asks: 'A 401 names the address of that document, which is also at the well-known places',
    section: 'Authorization Server Location; RFC 9728 §5.1',
    testedBy: [NO_TOKEN, BOTH_DOCUMENTS, `${PAGES}#what only looks like a document of ours leads nowhere`],
  },
  {
    id: 4,
    level: 'MUST',
    asks: 'Its resource is letter by letter the address that people type, without a slash at the end',
    section: 'Canonical Server URI; RFC 9728 §3.3',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 5,
    level: 'SHOULD',
    asks: 'Scheme and host of the resource parameter may be in capitals',
    section: 'Canonical Server URI',
    testedBy: [RESOURCE],
  },
  {
    id: 6,
    level: 'MUST',
    asks: 'There is authorization server metadata',
    section: 'Authorization Server Metadata Discovery; RFC 8414 §3',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 7,
    level: 'MUST',
    asks: 'Its issuer is the one from which its address was built',
    section: 'Authorization Server Metadata Discovery; RFC 8414 §3.3',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 8,
    level: 'MUST',
    asks: 'It says that PKCE with S256 is supported; plain is not offered',
    section: 'Authorization Code Protection',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 9,
    level: 'SHOULD',
    asks: 'It says that client ID metadata documents are understood',
    section: 'Client ID Metadata Documents',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 10,
    level: 'MUST',
    asks: 'Who sends iss says so in the metadata',
    section: 'Authorization Response Validation; RFC 9207 §3',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 11,
    level: 'SHOULD',
    asks: 'The resource names the scopes of basic use, not all there are',
    section: 'Scope Selection Strategy; SBP Scope Minimization',
    testedBy: [BOTH_DOCUMENTS],
  },
  {
    id: 12,
    level: 'SHOULD',
    asks: 'Neither the resource nor the challenge names offline_access',
    section: 'Refresh Tokens',
    testedBy: [BOTH_DOCUMENTS, NO_TOKEN],
  },
  {
    id: 13,
    level: 'SHOULD',
    asks: 'The authorization server does, because clients ask only for what they see',
    section: 'Refresh Tokens',
    testedBy: [BOTH_DOCUMENTS],
  },

  // Bearers
  {
    id: 14,
    level: 'MUST',
    asks: 'Every request needs a token, in every method and in the middle of a session',
    section: 'Token Requirements',
    testedBy: [`${GARBAGE}#%s: each method without a bearer is 401, and one that does not exist is 405`],
  },
  {
    id: 15,
    level: 'MUST',
    asks: 'A token that is made up or too old is 401 with invalid_token',
    section: 'Token Handling; RFC 6750 §3.1',
    testedBy: [
      NOT_OURS,
      'test/workers/records/grant-records.test.ts#what ran out is found once: grants by name, and whether their code was ever redeemed',
    ],
  },
  {
    id: 16,
    level: 'SHOULD',
    asks: 'The challenge names a scope, and no error to who brought nothing',
    section: 'Scope Selection Strategy; RFC 6750 §3.1',
    testedBy: [NO_TOKEN],
  },
  {
    id: 17,
    level: 'MUST',
    asks: 'Only tokens for this resource are taken',
    section: 'Token Handling; RFC 8707 §2',
    testedBy: [NOT_OURS, GOES_BACK, RESOURCE],
    reason:
      'This server issues tokens for one resource alone, so none for another can exist; one of another installation has another MAC.',
  },
  {
    id: 18,
    level: 'MUST',
    asks: 'A token of the identity provider is none here',
    section: 'Token Handling; SBP Token Passthrough',
    testedBy: [`${ASKED}#a token of PingOne, good for the API, is no token here`],
  },
  {
    id: 19,
    level: 'MUST',
    asks: 'The token of the client goes no further; the API gets another one',
    section: 'Access Token Privilege Restriction',
    testedBy: [
      'test/unit/mcp/invoke-tool.test.ts#a tool sees the person and no token',
      'test/e2e/every-client-signs-in.test.ts#with %s a person signs in to read, and once more when writing needs it',
    ],
    reason:
      'The example API takes signed JWTs of PingOne alone and ours is none, so each call that succeeds carried the other token.',
  },
  {
    id: 20,
    level: 'MUST',
    asks: 'A token in the query is none',
    section: 'Token Requirements',
    testedBy: [NOT_OURS],
  },
  {
    id: 21,
    level: 'MUST',
    asks: 'A refresh token or a code is no access token',
    section: 'OAuth 2.1 §5.2',
    testedBy: [TOKENS],
  },
  {
    id: 22,
    level: 'SHOULD',
    asks: 'A missing scope is 403 with insufficient_scope, every scope that the call needs, and the metadata',
    section: 'Scope Challenge Handling',
    testedBy: [
      `${DECIDES}#calling what was not allowed is a challenge with every scope, and a new login lifts it`,
      `${HTTP}#%s: a call without the scope is 403 with every scope`,
    ],
  },
  {
    id: 23,
    level: 'MUST',
    asks: 'A broader scope passes for the narrower one where scopes are a hierarchy',
    section: 'Step-Up Authorization Flow',
    testedBy: [
      'test/unit/authorization/scopes.test.ts#whatever is asked, ticked and given, a grant is the intersection, and never writes without reading',
    ],
    reason:
      'There is no hierarchy: writing is never granted without reading, and a tool names every scope it needs.',
  },
  {
    id: 24,
    level: 'MUST',
    asks: 'A malformed request is 400; 401 and 403 are for tokens',
    section: 'Error Handling',
    testedBy: [
      ANSWERED_HERE,
      `${GARBAGE}#%s: what is no request of JSON-RPC is refused, and nothing is executed`,
      `${HTTP}#a body that is not JSON is a parse error: %j`,
    ],
  },
  {
    id: 25,
    level: 'MUST',
    asks: 'Who may not, learns nothing and sets nothing in motion',
    section: 'Token Handling',
    testedBy: [
      NO_TOKEN,
      `${OTHERS}#a session id under the bearer of another person, or client, does not exist and changes nothing`,
      `${OTHERS}#two people with two clients each, in both lanes and interleaved, see their own todos alone`,
    ],
  },
  {
    id: 26,
    level: 'SHOULD',
    asks: 'Access tokens are short-lived',
    section: 'Token Theft',
    testedBy: [TOKENS],
  },
  {
    id: 27,
    level: 'MUST',
    asks: 'Tokens are stored as hashes or sealed, and are in no log',
    section: 'Token Theft',
    testedBy: [
      'test/e2e/storage-keeps-secrets.test.ts#after a run, storage holds no token of PingOne and no secret in clear',
      `${CANARY}#T23 nothing of PingOne, of the API or of the server itself reaches a client, a log, storage or a URL`,
    ],
  },

  // Authorization endpoint, code, PKCE, redirects
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

  // Registration
  {
    id: 40,
    level: 'MUST',
    asks: 'A client document names its own address exactly, is valid JSON and has what is required',
    section: 'Client ID Metadata Documents',
    testedBy: [BROKEN_DOCUMENT],
  },
  {
    id: 41,
    level: 'MUST',
    asks: 'The redirect URI must be in the document',
    section: 'Client ID Metadata Documents',
    testedBy: [`${DOCUMENTS}#a redirect URI that is not in the document is a page`],
  },
  {
    id: 42,
    level: 'SHOULD',
    asks: 'A document is fetched when it is needed, and kept as its headers say',
    section: 'Client ID Metadata Documents',
    testedBy: [`${DOCUMENTS}#a document is fetched when it is needed, and kept for as long as it says`],
  },
  {
    id: 43,
    level: 'MUST',
    asks: 'A document is fetched from no private address, without redirects, bounded in size and time',
    section: 'Client ID Metadata Documents Security; SBP SSRF',
    testedBy: [
      `${PRIVATE}#T12 /authorize answers with a page, and goes nowhere`,
      `${PRIVATE}#T12 /token and revocation go nowhere either, wherever the client is named`,
      BROKEN_DOCUMENT,
      `${DOCUMENTS}#a document that is slow is not waited for`,
      'test/workers/admission/strangers.test.ts#%j is a page, and nobody is asked about it',
    ],
  },
  {
    id: 44,
    level: 'MUST',
    asks: 'The page shows the host of the redirect, and warns where it is this computer',
    section: 'Localhost Redirect URI Risks',
    testedBy: [
      `${CONSENT}#the page says who asks, address first, and only then asks`,
      `${CONSENT}#a local app gets a warning that says what its document does not prove`,
    ],
  },
  {
    id: 45,
    level: 'SHOULD',
    asks: 'Clients without a document can register, with fields that nobody knows too',
    section: 'Dynamic Client Registration',
    testedBy: [
      `${REAL}#%s is admitted by its registration`,
      `${REGISTRATION}#what RFC 7591 does not know is no reason to refuse`,
    ],
  },
  {
    id: 46,
    level: 'SHOULD',
    asks: 'A client can be known beforehand',
    section: 'Preregistration',
    testedBy: [
      'test/workers/admission/modes.test.ts#listed admits what the operator lists, and none of the known clients',
      'test/workers/admission/modes.test.ts#what the operator lists adds to the known clients; a registration can be listed by its id',
    ],
  },
  {
    id: 47,
    level: 'SHOULD',
    asks: 'Registrations and fetches are limited and do not stay for ever',
    section: 'Authorization Server Abuse Protection',
    testedBy: [
      `${REGISTRATION}#a registration that nobody uses is gone after an hour`,
      `${REGISTRATION}#a body that never ends is not read to its end`,
    ],
    reason: 'How often one address may ask is not limited yet; that wants a rate limit at the edge.',
  },

  // Before the identity provider
  {
    id: 48,
    level: 'MUST',
    asks: 'A person consents to this client before the identity provider is contacted',
    section: 'Confused Deputy Problem; SBP Per-Client Consent',
    testedBy: [BEFORE_THE_CLICK],
  },
  {
    id: 49,
    level: 'MUST',
    asks: 'What was approved before is kept per person and client, and checked each time',
    section: 'SBP Per-Client Consent Storage',
    testedBy: [
      `${ASKED}#our page comes at every login, whatever was approved before and whatever a cookie says`,
    ],
    reason:
      'No approval is remembered (decision 8), so there is nothing to store: everybody is asked each time.',
  },
  {
    id: 50,
    level: 'MUST',
    asks: 'The consent page names the client',
    section: 'SBP Consent UI Requirements',
    testedBy: [
      `${CONSENT}#the page says who asks, address first, and only then asks`,
      `${NAMES}#T02 the name of a client, %s, is shown as one plain value`,
    ],
  },
  {
    id: 51,
    level: 'MUST',
    asks: 'It names what the identity provider will be asked for',
    section: 'SBP Consent UI Requirements',
    testedBy: [`${CONSENT}#what PingOne will be asked for is named before we go there`],
  },
  {
    id: 52,
    level: 'MUST',
    asks: 'It shows where the answer goes',
    section: 'SBP Consent UI Requirements',
    testedBy: [`${CONSENT}#the page says who asks, address first, and only then asks`],
  },
  {
    id: 53,
    level: 'MUST',
    asks: 'Its form cannot be sent by another site',
    section: 'SBP Consent UI Requirements',
    testedBy: [OUR_FORM],
  },
  {
    id: 54,
    level: 'MUST',
    asks: 'It cannot be framed',
    section: 'SBP Consent UI Requirements',
    testedBy: [
      `${PAGES}#T16 every page, the errors too, has every header and nothing that loads or runs from elsewhere`,
    ],
  },
  {
    id: 55,
    level: 'MUST',
    asks: 'Its cookies have the __Host- prefix, Secure, HttpOnly, SameSite=Lax, and cannot be made up',
    section: 'SBP Consent Cookie Security',
    testedBy: [
      `${ASKED}#cookies are for this host alone, for no script and no other site, and die with their login`,
      `${ASKED}#our page comes at every login, whatever was approved before and whatever a cookie says`,
      OUR_FORM,
    ],
  },
  {
    id: 56,
    level: 'MUST',
    asks: 'What a client says of itself is escaped',
    section: 'SBP Consent UI Requirements; OAuth 2.1 §7',
    testedBy: [
      `${CONSENT}#no text of any kind changes the markup or reaches a title, a heading or the question`,
      `${NAMES}#T02 the name of a client, %s, is shown as one plain value`,
    ],
  },
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
      `${DECIDES}#a person who says no %s sends the client home with access_denied`,
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
      'test/e2e/another-op.test.ts#a person signs in through a provider that others wrote, and a tool works with its token',
    ],
  },
  {
    id: 63,
    level: 'MUST',
    asks: 'An iss on the callback must be the issuer, with an error too',
    section: 'Mix-Up Attacks; RFC 9207 §2.4',
    testedBy: [
      `${LOGIN}#an answer that names another issuer ends the login; the right one and none are fine`,
      `${FORGED}#T07 an error in the name of another issuer is not taken for the word of the person`,
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
      'test/e2e/grants-hold.test.ts#a person who signs out at PingOne is out here at the next renewal, with every client',
      'test/workers/grants/without-refresh-token.test.ts#in the last minute there is nothing to refresh for, and the client hears why',
    ],
  },
]
