/**
 * Ends process groups when whoever started it is gone, however it went: `kill -9` leaves nobody else to do it.
 * It runs in a process of its own and reads lines from stdin: `+<group>` to watch one, `-<group>` to forget it.
 * The end of stdin is the end of its owner.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endGroup } from './process-group.ts'

export interface Warden {
  watch(groupId: number): void
  forget(groupId: number): void
  dismiss(): void
}

export function postWarden(): Warden {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.on('error', () => {
    // It died before us: then only kill -9 of this process leaves something behind.
  })
  child.unref()
  return {
    watch: (groupId) => child.stdin.write(`+${groupId}\n`),
    forget: (groupId) => child.stdin.write(`-${groupId}\n`),
    dismiss: () => child.stdin.end(),
  }
}

async function standGuard(): Promise<void> {
  const groups = new Set<number>()
  for await (const line of createInterface({ input: process.stdin })) {
    const groupId = Number(line.slice(1))
    if (line.startsWith('+')) groups.add(groupId)
    else groups.delete(groupId)
  }
  await Promise.all([...groups].map((groupId) => endGroup(groupId)))
}

if (import.meta.main) await standGuard()
