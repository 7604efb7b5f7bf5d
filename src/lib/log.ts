import { withHiddenEscaped } from './bounded-text.ts'
import { redacted, wholeWords, withoutSecrets } from './redacted.ts'

/**
 * One JSON line per event, for the operator. Lines may be sampled or lost; audit events may not and are stored in the
 * user's object. The event is `noun.past-verb`. Facts are ids and reasons, never tokens or e-mail addresses; of arguments only
 * those of class `plain`, in `audit`.
 */
type Facts = Readonly<Record<string, unknown>>

const MAX_FACT_CHARACTERS = 2000

// Redacts every text of every event, so callers need not. It reads more than it shows, and whole words only, so that a
// truncated secret is still recognized.
const shown = (_name: string, value: unknown) =>
  typeof value === 'string'
    ? withoutSecrets(wholeWords(value, MAX_FACT_CHARACTERS + 200)).slice(0, MAX_FACT_CHARACTERS)
    : value

// JSON escapes newlines, so no value can begin a new line. It does not escape C1 controls (terminals obey them), bidi
// controls and invisible characters.
const line = (level: string, event: string, facts: Facts) =>
  withHiddenEscaped(JSON.stringify({ level, event, ...facts }, shown))

const METHODS = { info: 'log', warn: 'warn', error: 'error' } as const
type Level = keyof typeof METHODS

let isOurs = false

function write(level: Level, event: string, facts: Facts = {}): void {
  const text = line(level, event, facts)
  isOurs = true
  try {
    console[METHODS[level]](text)
  } finally {
    isOurs = false
  }
}

export const log = {
  info: (event: string, facts?: Facts) => write('info', event, facts),
  warn: (event: string, facts?: Facts) => write('warn', event, facts),
  error: (event: string, facts?: Facts) => write('error', event, facts),
}

const MAX_SAID_CHARACTERS = 1000
const wordOf = (said: unknown): string =>
  said instanceof Error ? (said.stack ?? said.message) : String(said)

let isTaken = false

/**
 * Redirects the console output of libraries into the log, redacted: the OAuth library prints whole `client_id`s and
 * texts of client metadata documents. Idempotent.
 */
export function takeOverConsole(): void {
  if (isTaken) return
  isTaken = true
  for (const level of ['info', 'warn', 'error'] as const) {
    const method = METHODS[level]
    const say = console[method].bind(console)
    console[method] = (...said: unknown[]) => {
      if (isOurs) say(...said)
      else write(level, 'library.said', { detail: redacted(said.map(wordOf).join(' '), MAX_SAID_CHARACTERS) })
    }
  }
}
