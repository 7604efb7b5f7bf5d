import {
  CALLS_LAST_MINUTES,
  ENDED_GRANTS,
  MOST_ACTS,
  MOST_CLOSING,
  MOST_CONFIRMATIONS,
  MOST_LIVE_KEYS,
  MOST_RESERVED,
  MOST_RESULTS,
  MOST_REVOCATIONS,
  MOST_SIGN_INS,
  MOST_URI_CHARACTERS,
  MOST_WAITING,
  MOST_WEBHOOKS,
  OPERATOR_SESSIONS,
  PAGES_PER_USER,
  REFRESHES_PER_GRANT,
  SESSIONS_PER_GRANT,
  STEP_UPS_PER_GRANT,
  TOKENS_PER_GRANT,
  URIS_PER_SESSION,
} from '#users/bounds.ts'
import { table } from '#harness/table.ts'

const count = (number: number) => number.toLocaleString('en')

/** Every kind of row of one user with its bound, for docs/limits.md (test/unit/scripts/limits.test.ts). */
export const renderBounds = (): string =>
  table(
    ['rows', 'at most', 'and then'],
    [
      ['active grants', '`GRANTS_PER_USER` (20)', 'the least recently used one ends'],
      ['ended grants, with names', `${ENDED_GRANTS}`, 'the oldest is deleted'],
      ['the library’s record of a grant', '1 for each active grant', 'it is deleted with its grant'],
      ['groups and claims that policy reads', '1 for each active grant', 'it is deleted with its grant'],
      ['access tokens', `${TOKENS_PER_GRANT} for each grant`, 'the oldest is deleted'],
      [
        'spent refresh tokens',
        `${count(REFRESHES_PER_GRANT)} for each grant`,
        'the next refresh ends the grant, so that no spent token is forgotten',
      ],
      [
        'answers to refreshes',
        'those of the last minute, and the last one',
        'the next refresh or alarm deletes them; `REQUESTS_PER_MINUTE` bounds their number',
      ],
      ['sessions', `${SESSIONS_PER_GRANT} for each grant`, 'the least recently used one closes'],
      [
        'subscriptions',
        `${URIS_PER_SESSION} for each session, of ${MOST_URI_CHARACTERS} characters`,
        'another one is refused',
      ],
      [
        'closed sessions that have not confirmed it',
        `${count(MOST_CLOSING)}, and those of one minute`,
        'the alarm gives up those with the most attempts',
      ],
      [
        'step-ups',
        `${STEP_UPS_PER_GRANT} for each grant, for ten minutes`,
        'the oldest is deleted, those with nothing to decide first',
      ],
      [
        'used answers to questions',
        `${MOST_CONFIRMATIONS}, for ten minutes`,
        'another one is refused, so that none counts twice',
      ],
      [
        'calls',
        `those of ${CALLS_LAST_MINUTES} minutes, and ${count(MOST_WAITING)} that are not in the audit log yet`,
        'a change is refused, and a read unless `READS_WITHOUT_AUDIT` allows it',
      ],
      [
        'audit events that are not in the audit log yet',
        `${count(MOST_WAITING)} with the calls, and ${count(MOST_RESERVED)} denials, questions and security events`,
        'another one is counted in one event; ends, blocks, operators’ acts, completed logins and answers to step-ups are always stored',
      ],
      [
        'valid idempotency keys of clients (a day)',
        count(MOST_LIVE_KEYS),
        'another write with a key is refused, so that none runs twice',
      ],
      [
        'kept results',
        `${MOST_RESULTS} of 64 KiB`,
        'of older ones only the fact that they were given is kept',
      ],
      ['tokens that PingOne is to revoke', `${MOST_REVOCATIONS}`, 'the oldest is given up and logged'],
      [
        'webhooks that are not accepted yet',
        `${MOST_WEBHOOKS}, for a day`,
        'another one is counted in an error line and not sent',
      ],
      ['page sessions', `${PAGES_PER_USER}`, 'the least recently used one closes'],
      ['used sign-ins', `${MOST_SIGN_INS}, for ten minutes`, 'another one is refused'],
      ['sign-ins as an operator', `${OPERATOR_SESSIONS}, for 15 minutes`, 'the oldest is signed out'],
      [
        'acts of an operator, for their retries',
        `${MOST_ACTS}, for an hour`,
        'the oldest is deleted: a retry of it is another event',
      ],
    ],
  )
