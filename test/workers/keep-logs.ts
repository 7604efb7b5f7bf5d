import { beforeEach } from 'vitest'

/**
 * Buffers log lines and prints them only if the test fails. A line sent at once, from the Worker or object that logs
 * it, waits for the runner's next message while the runner waits for the line: a passing run would never end
 * (cloudflare/workers-sdk issue 15719).
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
