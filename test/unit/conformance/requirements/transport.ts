import {
  GARBAGE,
  HTTP,
  NOT_OURS,
  SUITE,
  SPEC,
  ANSWERS,
  OLDER,
  TRANSPORTS,
  LONG,
  ASKING,
  type Requirement,
} from './requirement.ts'

export const transport: readonly Requirement[] = [
  {
    id: 74,
    level: 'MUST',
    asks: 'There is one endpoint, and it takes POST',
    section: 'Streamable HTTP, Overview',
    testedBy: [
      `${HTTP}#only the exact path is the endpoint`,
      `${HTTP}#a method that MCP does not have is 405`,
    ],
  },
  {
    id: 75,
    level: 'MUST',
    asks: 'A foreign origin is 403',
    section: 'Streamable HTTP, Security',
    testedBy: [
      `${HTTP}#a foreign origin is 403 before the bearer is looked at, in every method`,
      'test/attack/mcp-from-elsewhere.test.ts#T21 %s: a foreign origin is 403 before the bearer is looked at, in every method',
    ],
    reason:
      'The scenario dns-rebinding-protection of the official suite passes with any 4xx, so it does not stand in for these.',
  },
  {
    id: 76,
    level: 'SHOULD',
    asks: 'Every connection is authenticated',
    section: 'Streamable HTTP, Security',
    testedBy: [
      `${GARBAGE}#%s: each method without a bearer is 401, and one that does not exist is 405`,
      NOT_OURS,
    ],
  },
  {
    id: 77,
    level: 'MUST',
    asks: 'A message is JSON in UTF-8, and one for each POST',
    section: 'Streamable HTTP, Sending Messages',
    testedBy: [
      `${HTTP}#a batch is refused, also one that hides a call without scope`,
      `${HTTP}#a body that is not JSON is a parse error: %j`,
      `${GARBAGE}#%s: what is no request of JSON-RPC is refused, and nothing is executed`,
    ],
  },
  {
    id: 78,
    level: 'MUST',
    asks: 'A request is answered by JSON or by a stream of events, a notification by 202 without a body',
    section: 'Streamable HTTP, Sending Messages',
    testedBy: [
      `${ANSWERS}#%s %j is answered once, in full and by name`,
      `${SPEC}#a notification is 202 without a body, and nothing is done for it: %s`,
      `${OLDER}#%s is 202 without a body, and nothing is done for it`,
      `${OLDER}#an error has the id of its request and is JSON, wherever it is found`,
    ],
  },
  {
    id: 79,
    level: 'MUST',
    asks: 'Answers and errors have the id of their request; codes are integers',
    section: 'Base Protocol, Responses',
    testedBy: [
      `${ANSWERS}#%s %j is answered once, in full and by name`,
      `${ANSWERS}#an error has the id of its request and a code of this revision: %s`,
      `${ANSWERS}#what is refused before a transport has the id of its request too: %s is %d`,
      `${OLDER}#an error has the id of its request and is JSON, wherever it is found`,
    ],
    reason:
      'Without an id are the answers to what was not read: 401 without a good bearer, 403 of an origin, 405, 413, 415, 421, 429, and what is no JSON.',
  },
  {
    id: 80,
    level: 'SHOULD',
    asks: 'A stream is not collected on its way, and ends with its answer',
    section: 'Streamable HTTP, Receiving Messages',
    testedBy: [
      `${ANSWERS}#a stream is of one request: not collected on its way, notifications about it, its answer, the end`,
      `${OLDER}#in a session the header may name %s`,
    ],
  },
  {
    id: 81,
    level: 'MUST',
    asks: 'The server sends no request of its own on a stream',
    section: 'Streamable HTTP, Receiving Messages',
    testedBy: [
      `${ANSWERS}#a stream is of one request: not collected on its way, notifications about it, its answer, the end`,
      `${ASKING}#%s: who can ask asks before many go, with their texts as values`,
      SUITE,
    ],
    reason:
      'A question to the user is a result there. The revisions of 2025 allow such requests, and their transport makes them.',
  },
  {
    id: 82,
    level: 'MUST',
    asks: 'A client that closes its stream has cancelled, where the revision is 2026-07-28; in the older ones it has not',
    section: 'Streamable HTTP, Cancellation; 2025-11-25 Transports, Sending Messages',
    testedBy: [
      `${LONG}#stateless: a closed stream stops the work; what was sent gets its outcome on record`,
      `${LONG}#stateless: a client that goes away before anything was said stops the work`,
      `${LONG}#session: a closed stream stops nothing`,
      `${LONG}#session: the notice of a client that it cancelled stops the work`,
    ],
  },
  {
    id: 83,
    level: 'SHOULD',
    asks: 'Nothing takes longer than a time that is fixed, whatever is said on the way',
    section: 'Cancellation; 2025-11-25 Lifecycle, Timeouts',
    testedBy: [
      `${LONG}#%s: when time runs out the rest is left alone and reported`,
      `${TRANSPORTS}#%s: a write without an answer is unknown, and the words of the API stay out`,
      `${ASKING}#%s: a user who does not answer in time has not agreed`,
    ],
  },
]
