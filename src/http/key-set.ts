/** For minutes: whoever checks our signatures need not ask each time, and a new key is everywhere after as long. */
const FRESH_SECONDS = 300

/** A JWK set of public keys (RFC 7517 §5), as whoever verifies our signatures fetches it; an empty one says "none". */
export const answerKeySet = (keys: readonly object[]): Response =>
  Response.json(
    { keys },
    {
      headers: {
        'Cache-Control': `public, max-age=${FRESH_SECONDS}`,
        'X-Content-Type-Options': 'nosniff',
      },
    },
  )
