import { GARBAGE, SUITE, OLDER, SESSIONS, STOLEN, type Requirement } from './requirement.ts'

export const session: readonly Requirement[] = [
  {
    id: 105,
    level: 'MUST',
    asks: 'initialize is answered with the revision of the client, or with another one that there is',
    section: '2025-11-25 Lifecycle, Version Negotiation',
    testedBy: [`${OLDER}#a client that begins with %s goes on with %s`, SUITE],
  },
  {
    id: 106,
    level: 'MUST',
    asks: 'Without the header of the revision it is an old client; with an unknown one it is 400',
    section: '2025-11-25 Transports, Protocol Version Header',
    testedBy: [
      `${OLDER}#in a session the header may name %s`,
      `${OLDER}#%s under a revision that does not exist is 400`,
    ],
  },
  {
    id: 107,
    level: 'MUST',
    asks: 'GET is a stream of events or 405',
    section: '2025-11-25 Transports, Listening for Messages',
    testedBy: [
      `${OLDER}#GET is a stream of events, and what was answered elsewhere is not on it nor sent again after %s`,
    ],
  },
  {
    id: 108,
    level: 'MUST',
    asks: 'A session has an id that nobody guesses, in visible ASCII; without it 400, after its end 404',
    section: '2025-11-25 Transports, Session Management',
    testedBy: [
      `${OLDER}#session ids are visible ASCII, and no two are alike`,
      `${OLDER}#an error has the id of its request and is JSON, wherever it is found`,
      `${OLDER}#a session that its client ended is 404 in every method`,
      `${SESSIONS}#a made-up session id is 404 and makes no object`,
      SUITE,
    ],
  },
  {
    id: 109,
    level: 'MUST',
    asks: 'A session is no proof of anything: every request is checked, and an id opens for its user alone',
    section: '2025-11-25 SBP Session Hijacking',
    testedBy: [
      `${SESSIONS}#a session id opens only for its user and client; for others it does not exist`,
      `${STOLEN}#T05 a session id opens nothing for another user or client, and does them no harm`,
      `${GARBAGE}#%s: each method without a bearer is 401, and one that does not exist is 405`,
    ],
  },
  {
    id: 110,
    level: 'MUST',
    asks: 'A message is on one stream only, and is not sent again on another',
    section: '2025-11-25 Transports, Resumability and Redelivery',
    testedBy: [
      `${OLDER}#GET is a stream of events, and what was answered elsewhere is not on it nor sent again after %s`,
      SUITE,
    ],
    reason:
      'Events have no ids here, and no stream is resumed: results of tools are not kept in clear for that.',
  },
]
