import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { endGroup } from './local/process-group.ts'
import { postWarden } from './local/warden.ts'

/** A command in its own process group, with its output. */
export interface RunningCommand extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: readonly string[]
  /** Resolves with the nth matching line, the first by default; rejects with the output when the command ends first. */
  line(pattern: RegExp, nth?: number): Promise<string>
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exit: Promise<number | null>
}

export interface RunOptions {
  /** Whether it inherits the environment; otherwise it gets only the given variables. */
  readonly isAtHome?: boolean
}

export function runCommand(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { isAtHome = true }: RunOptions = {},
): RunningCommand {
  const child = spawn(command, parameters, {
    detached: true,
    env: isAtHome ? { ...process.env, ...environment } : environment,
    stdio: 'pipe',
  })
  const { pid } = child
  const warden = postWarden()
  if (pid !== undefined) warden.watch(pid)
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line))
  }
  let isOver = false
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      isOver = true
      if (pid !== undefined) warden.forget(pid)
      warden.dismiss()
      resolve(code)
    })
  })
  const line = async (pattern: RegExp, nth = 1): Promise<string> => {
    for (;;) {
      const found = lines.filter((candidate) => pattern.test(candidate))[nth - 1]
      if (found !== undefined) return found
      if (isOver) throw new Error(`it ended without ${pattern}:\n${lines.join('\n')}`)
      await sleep(50)
    }
  }
  const end = async () => {
    if (pid !== undefined) await endGroup(pid)
    await exit
  }
  return { child, lines, line, exit, [Symbol.asyncDispose]: end }
}
