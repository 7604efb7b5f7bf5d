/** Far above what clients send; what is stored for a login, and comes back in a redirect, is bounded by it. */
const MAX_QUERY_CHARACTERS = 16 * 1024

export const isQueryTooLong = (url: URL): boolean => url.search.length > MAX_QUERY_CHARACTERS

/** The first of these parameters that came more than once: OAuth allows none of them twice (RFC 6749 §3.1). */
export const repeatedParameter = (url: URL, names: readonly string[]): string | undefined =>
  names.find((name) => url.searchParams.getAll(name).length > 1)
