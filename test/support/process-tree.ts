import { execFileSync } from 'node:child_process'

export interface ProcessLine {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** All descendants of a process. */
export function descendantsOf(pid: number): readonly ProcessLine[] {
  const all = listProcesses()
  const below = (parent: number): ProcessLine[] =>
    all.filter((line) => line.parent === parent).flatMap((line) => [line, ...below(line.pid)])
  return below(pid)
}

/** The processes that still run; zombies do not count. */
export function stillRunning(processes: readonly ProcessLine[]): readonly string[] {
  const now = new Map(listProcesses().map((line) => [line.pid, line.command]))
  return processes.filter(({ pid, command }) => now.get(pid) === command).map(({ command }) => command)
}

function listProcesses(): ProcessLine[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (command === undefined || state?.startsWith('Z') === true) return []
    return [{ pid: Number(pid), parent: Number(parent), command }]
  })
}
