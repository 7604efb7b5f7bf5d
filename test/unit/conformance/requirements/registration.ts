import {
  PRIVATE,
  DOCUMENTS,
  REAL,
  REGISTRATION,
  CONSENT,
  BROKEN_DOCUMENT,
  type Requirement,
} from './requirement.ts'

export const registration: readonly Requirement[] = [
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
      `${CONSENT}#the page asks first, then says who asks, address before name, then what for`,
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
      'test/attack/floods/made-up-floods.test.ts#T14 5,000 registrations from 5,000 networks: exactly as many as the ceiling; tomorrow it goes on',
    ],
  },
]
