import {
  ASKED,
  DECIDES,
  OTHERS,
  CANARY,
  GARBAGE,
  HTTP,
  NO_TOKEN,
  TOKENS,
  RESOURCE,
  NOT_OURS,
  ANSWERED_HERE,
  GOES_BACK,
  type Requirement,
} from './requirement.ts'

export const bearers: readonly Requirement[] = [
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
      'test/unit/mcp/invoke-tool.test.ts#a tool sees the user and no token',
      'test/e2e/every-client-signs-in.test.ts#with %s a user signs in to read, and once more when writing needs it',
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
      `${OTHERS}#a session id under the bearer of another user, or client, does not exist and changes nothing`,
      `${OTHERS}#two users with two clients each, on both transports and interleaved, see their own todos alone`,
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
    asks: 'Tokens are stored as hashes or encrypted, and are in no log',
    section: 'Token Theft',
    testedBy: [
      'test/e2e/storage-keeps-secrets.test.ts#after a run, storage holds no token of PingOne and no secret in clear',
      `${CANARY}#T23 nothing of PingOne, of the API or of the server itself reaches a client, a log, storage or a URL`,
    ],
  },
]
