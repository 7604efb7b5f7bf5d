import { boundedText } from './bounded-text.ts'

// What looks like a JWT, and whatever follows an authentication scheme.
const JWT = /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g
const CREDENTIALS = /\b(Bearer|Basic|DPoP)\s+[^\s"',;]+/gi

/** Text of another system for our log: short, one line, without what looks like a credential. */
export const redacted = (text: string, maxCharacters = 300): string =>
  boundedText(
    text.slice(0, 20_000).replaceAll(JWT, '[secret]').replaceAll(CREDENTIALS, '$1 [secret]'),
    maxCharacters,
  )
