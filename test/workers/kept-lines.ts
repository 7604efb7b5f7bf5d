/**
 * Buffers log lines and prints them only if the test fails. A line sent at once, from the Worker or object that logs
 * it, waits for the runner's next message while the runner waits for the line: a passing run would never end
 * (cloudflare/workers-sdk issue 15719). So the console stays replaced between two files that share a runtime.
 */
const METHODS = ['debug', 'error', 'info', 'log', 'warn'] as const
const MOST_LINES = 1000

const { log: say } = console
let lines: string[] = []

for (const method of METHODS) {
  console[method] = (...words: unknown[]) => {
    if (lines.length < MOST_LINES) lines.push(words.map(String).join(' '))
  }
}

export function forgetLines(): void {
  lines = []
}

export function sayLines(): void {
  say(lines.join('\n'))
}
