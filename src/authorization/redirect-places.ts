import { boundedText } from '../lib/bounded-text.ts'

/** Redirect URIs for the log: scheme and host. What follows is the client's own, and may be a secret. */
export const redirectPlaces = (uris: readonly string[]): string[] =>
  uris.slice(0, 10).map((uri) => {
    if (!URL.canParse(uri)) return 'not a URI'
    const { protocol, host } = new URL(uri)
    return boundedText(`${protocol}//${host}`, 200)
  })
