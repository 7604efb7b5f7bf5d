import { ASKED, NAMES, PAGES, CONSENT, BEFORE_THE_CLICK, OUR_FORM, type Requirement } from './requirement.ts'

export const consent: readonly Requirement[] = [
  {
    id: 48,
    level: 'MUST',
    asks: 'A user consents to this client before the identity provider is contacted',
    section: 'Confused Deputy Problem; SBP Per-Client Consent',
    testedBy: [BEFORE_THE_CLICK],
  },
  {
    id: 49,
    level: 'MUST',
    asks: 'What was approved before is kept per user and client, and checked each time',
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
      `${CONSENT}#the page asks first, then says who asks, address before name, then what for`,
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
    testedBy: [`${CONSENT}#the page asks first, then says who asks, address before name, then what for`],
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
      `${CONSENT}#no text of any kind changes the markup or reaches a title; a question has the name alone, as one value`,
      `${NAMES}#T02 the name of a client, %s, is shown as one plain value`,
    ],
  },
]
