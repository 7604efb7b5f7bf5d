import {
  CALLS_LAST_DAYS,
  ENDED_GRANTS,
  MOST_CALLS,
  MOST_CLOSING,
  MOST_CONFIRMATIONS,
  MOST_LIVE_KEYS,
  MOST_RESULTS,
  MOST_REVOCATIONS,
  MOST_SIGN_INS,
  MOST_URI_CHARACTERS,
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
      ['grants that can be used', '`GRANTS_PER_USER` (20)', 'the one that was unused the longest ends'],
      ['grants that have ended, with names', `${ENDED_GRANTS}`, 'the oldest goes'],
      ['the library’s record of a grant', '1 for each grant that can be used', 'it goes with its grant'],
      ['access tokens', `${TOKENS_PER_GRANT} for each grant`, 'the oldest goes'],
      [
        'spent refresh tokens',
        `${count(REFRESHES_PER_GRANT)} for each grant`,
        'the grant ends with the next refresh, so that none of them is forgotten',
      ],
      [
        'answers to refreshes',
        'those of the last minute, and the last one',
        'the next refresh or alarm drops them; as many in that time as `REQUESTS_PER_MINUTE` allows',
      ],
      ['sessions', `${SESSIONS_PER_GRANT} for each grant`, 'the one that was unused the longest closes'],
      [
        'subscriptions',
        `${URIS_PER_SESSION} for each session, of ${MOST_URI_CHARACTERS} characters`,
        'one more is refused',
      ],
      [
        'sessions that closed, and were not told',
        `${count(MOST_CLOSING)}, and those of one minute`,
        'the alarm gives up those that were tried most',
      ],
      [
        'step-ups',
        `${STEP_UPS_PER_GRANT} for each grant, for ten minutes`,
        'the oldest goes; before all others, one with nothing to decide',
      ],
      [
        'answers to questions that were used',
        `${MOST_CONFIRMATIONS}, for ten minutes`,
        'one more is refused, so that none counts twice',
      ],
      [
        'calls',
        `${count(MOST_CALLS)}, for ${CALLS_LAST_DAYS} days, and those of two minutes`,
        'the alarm drops the oldest, but for those whose key holds',
      ],
      [
        'keys of clients that hold (a day)',
        count(MOST_LIVE_KEYS),
        'one more write with a key is refused, so that none is made twice',
      ],
      ['kept results', `${MOST_RESULTS} of 64 KiB`, 'of the oldest is known only that it was given'],
      ['tokens that PingOne is to revoke', `${MOST_REVOCATIONS}`, 'the oldest is given up, which is logged'],
      ['page sessions', `${PAGES_PER_USER}`, 'the one that was unused the longest closes'],
      ['sign-ins that were used', `${MOST_SIGN_INS}, for ten minutes`, 'one more is refused'],
    ],
  )
