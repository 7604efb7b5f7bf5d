import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

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

export interface Listener {
  readonly pid: number
  readonly port: number
  /** Bound to loopback only. */
  readonly isLoopback: boolean
}

/** The listening sockets of these processes, from the Linux kernel (proc(5), /proc/net/tcp). */
export function listenersOf(pids: readonly number[]): readonly Listener[] {
  const sockets = new Map([...socketsIn('/proc/net/tcp'), ...socketsIn('/proc/net/tcp6')])
  return pids.flatMap((pid) =>
    descriptorsOf(pid).flatMap((link) => {
      const socket = sockets.get(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')
      return socket === undefined ? [] : [{ pid, ...socket }]
    }),
  )
}

const LISTENS = '0A'
// Addresses are hexadecimal in machine byte order: 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped to IPv6.
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/

function socketsIn(file: string): readonly (readonly [inode: string, Omit<Listener, 'pid'>])[] {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state !== LISTENS) return []
    return [[inode, { port: parseInt(port, 16), isLoopback: LOOPBACK.test(address) }] as const]
  })
}

/** Empty for a process that has just ended. */
function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

/** A debugger's answer to discovery (workerd, wrangler and Node alike); undefined for anything else. */
async function debuggerAt(port: number): Promise<string | undefined> {
  for (const path of ['/json/list', '/json', '/json/version']) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.text(),
      () => '',
    )
    if (/webSocketDebuggerUrl|devtoolsFrontendUrl|Protocol-Version/.test(answer))
      return `${port}${path}: ${answer.slice(0, 100)}`
  }
  return undefined
}

/** All debuggers that listen in these processes, with their answers. Empty without Linux. */
export async function debuggersOf(pids: readonly number[]): Promise<readonly string[]> {
  if (process.platform !== 'linux') return []
  const ports = new Set(listenersOf(pids).map(({ port }) => port))
  const found = await Promise.all([...ports].map(debuggerAt))
  return found.filter((answer) => answer !== undefined)
}
