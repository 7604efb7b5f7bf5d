import { setTimeout as sleep } from 'node:timers/promises'

// workerd is a grandchild that survives its parent and goes on answering: only the whole group is ended.

export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal)
  } catch {
    // Nobody of the group is left, which is what the caller wants.
  }
}

export function isGroupAlive(groupId: number): boolean {
  try {
    process.kill(-groupId, 0)
    return true
  } catch {
    return false // ESRCH; macOS says EPERM when only an unreaped member is left
  }
}

/** SIGINT lets wrangler tidy up; what has not gone after `graceMs` is killed. */
export async function endGroup(groupId: number, graceMs = 4_000): Promise<void> {
  signalGroup(groupId, 'SIGINT')
  if (await isGoneWithin(groupId, graceMs)) return
  signalGroup(groupId, 'SIGKILL')
  await isGoneWithin(groupId, 2_000)
}

export async function killGroup(groupId: number): Promise<void> {
  signalGroup(groupId, 'SIGKILL')
  await isGoneWithin(groupId, 2_000)
}

async function isGoneWithin(groupId: number, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs
  while (isGroupAlive(groupId)) {
    if (performance.now() > end) return false
    await sleep(25)
  }
  return true
}
