import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { StartProblem } from '#harness/local/start-problem.ts'

/** How the setup talks to a human. */
export interface Questioner {
  readonly print: (line: string) => void
  /** null: the input has ended, by Ctrl-C perhaps. `isHidden`: nothing that is typed is shown. */
  readonly ask: (question: string, isHidden: boolean) => Promise<string | null>
}

/** A question about one value. */
export interface Question<T> {
  readonly text: string
  /** Taken for an empty answer. */
  readonly normal?: string
  readonly isHidden?: boolean
  readonly read: (answer: string) => Reading<T>
}

/** A value, or the rule that the answer breaks. */
export type Reading<T> = { readonly value: T } | { readonly problem: string }

/** Asks until the answer can be read. */
export async function askFor<T>(
  { ask, print }: Questioner,
  { text, normal, isHidden = false, read }: Question<T>,
): Promise<T> {
  for (;;) {
    const answer = await ask(`${text}${normal === undefined ? '' : ` [${normal}]`}: `, isHidden)
    if (answer === null) throw new StartProblem('Stopped. Nothing was written.')
    const reading = read(answer.trim() || (normal ?? ''))
    if ('value' in reading) return reading.value
    print(`  This ${reading.problem}.`)
  }
}

/** The terminal of this process. */
export function openTerminal(): Questioner & Disposable {
  if (!process.stdin.isTTY)
    throw new StartProblem(
      'This command asks questions, so it needs a terminal. Without one, write the settings file yourself: ' +
        'docs/run.md#settings-of-a-deployment.',
    )
  let isMuted = false
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isMuted) process.stdout.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  const closed = new Promise<null>((resolve) => lines.once('close', () => resolve(null)))
  return {
    print: (line) => console.log(line),
    ask: async (question, isHidden) => {
      if (isHidden) process.stdout.write(question)
      isMuted = isHidden
      try {
        const answer = await Promise.race([
          lines.question(isHidden ? '' : question).catch(() => null),
          closed,
        ])
        if (answer === null) process.stdout.write('\n')
        return answer
      } finally {
        isMuted = false
        if (isHidden) process.stdout.write('\n')
      }
    },
    [Symbol.dispose]: () => lines.close(),
  }
}
