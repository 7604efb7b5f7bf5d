import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** A command in a process group of its own, with everything that it says. */
export interface RunningCommand extends AsyncDisposable {
  readonly child: ChildProcess
  readonly lines: readonly string[]
  /** Resolves with the first line that matches; rejects when the command ends before, with what it said. */
  line(pattern: RegExp): Promise<string>
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exit: Promise<number | null>
}

export function runCommand(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = spawn(command, parameters, {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line))
  }
  let isOver = false
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      isOver = true
      resolve(code)
    })
  })
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((candidate) => pattern.test(candidate))
      if (found !== undefined) return found
      if (isOver) throw new Error(`it ended without ${pattern}:\n${lines.join('\n')}`)
      await sleep(50)
    }
  }
  const end = async () => {
    if (!isOver) child.kill('SIGTERM')
    await exit
  }
  return { child, lines, line, exit, [Symbol.asyncDispose]: end }
}
