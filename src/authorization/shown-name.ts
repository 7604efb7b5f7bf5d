import { boundedText } from '../lib/bounded-text.ts'

const MAX_NAME_CHARACTERS = 100

/** The name that a client gave itself, as our page shows it; a neutral word where nothing visible is left of it. */
export const shownClientName = (name: string): string =>
  boundedText(name, MAX_NAME_CHARACTERS) || 'an app without a name'

/** The person's name as PingOne says it; null where nothing visible is left of any. */
export const shownPersonName = (...names: readonly (string | undefined)[]): string | null =>
  names.map((name) => boundedText(name ?? '', MAX_NAME_CHARACTERS)).find((name) => name !== '') ?? null
