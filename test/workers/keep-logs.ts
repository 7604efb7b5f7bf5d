import { beforeEach } from 'vitest'

/**
 * What a Worker or an object logs is kept here until its test has failed, and only then goes to the runner. Sent at
 * once, from the context that logged it, a line waits for the runner's next message, and the runner at its end for the
 * line: a run of tests that have all passed would never end (cloudflare/workers-sdk issue 15719).
 */
const METHODS = ['debug', 'error', 'info', 'log', 'warn'] as const
const MOST_LINES = 1000

const { log: say } = console
let kept: string[] = []

for (const method of METHODS) {
  console[method] = (...words: unknown[]) => {
    if (kept.length < MOST_LINES) kept.push(words.map(String).join(' '))
  }
}

beforeEach(({ onTestFailed }) => {
  kept = []
  onTestFailed(() => say(kept.join('\n')))
})
