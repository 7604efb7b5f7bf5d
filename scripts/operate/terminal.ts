import { createInterface } from 'node:readline/promises'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import { StartProblem } from '#harness/local/start-problem.ts'

export type Print = (line: string) => void

/** The terminal of one command. */
export interface Terminal {
  /** Prints a result, to stdout. */
  readonly print: Print
  /** Prints anything else, to stderr. */
  readonly say: Print
  /** Asks a question and returns the answer. Null: nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | null
  /** Opens an address in the browser; null: it is only printed. */
  readonly openBrowser: ((address: string) => void) | null
}

/** Why a command is refused or not complete, as a sentence for the operator. Its exit code is 1; wrong use is a StartProblem. */
export class NotDone extends Error {
  override readonly name = 'NotDone'
}

/** Texts of others in one line: no control sequence of them reaches the terminal, and nothing is hidden. */
export const shown = (text: string): string => withHiddenEscaped(JSON.stringify(text).slice(1, -1))

/** JSON on one line, with the same protection. */
export const shownJson = (value: unknown): string => withHiddenEscaped(JSON.stringify(value))

/** Ctrl-C and the end of the input answer nothing. */
export async function askAtTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return await Promise.race([lines.question(question).catch(() => ''), closed])
  } finally {
    lines.close()
  }
}

/** Goes on only if the operator types `word`. Nothing has been changed yet. */
export async function confirm({ ask }: Terminal, what: string, word: string): Promise<void> {
  if (ask === null) throw new StartProblem('Nobody can be asked here: add --yes.')
  const answer = await ask(`Type ${what} to go on, ${shown(word)}: `)
  if (answer.trim() !== word) throw new NotDone('Not confirmed. Nothing was changed.')
}
