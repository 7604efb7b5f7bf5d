import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'
import type { ControlApi, Editor } from '#control/control-api.ts'
import type { Head } from '#control/head.ts'
import { readPolicyText } from '#control/documents.ts'
import { PRIMARY, REPLICAS } from '#control/replicas.ts'
import type { PolicyDocument } from '#policy/document.ts'
import type { Switch } from '#policy/switches.ts'
import { reset } from 'cloudflare:test'
import { before, clock, down, missing, outage, reach, setting } from './worker.ts'

/** Each test begins without a policy. */
export const freshControl = () =>
  beforeEach(async () => {
    await reset()
    down.clear()
    before.rpc = async () => {}
    setting.isShared = true
    missing.clear()
    outage.isOn = false
  })

export const control = (): ControlApi => reach(env, PRIMARY)

/** A document as a file has it. `n` makes it another one. */
export const documentText = (kind: PolicyDocument['default'], n = 0, tool = 'doIt'): string =>
  JSON.stringify({
    version: 1,
    default: kind,
    rules: [{ id: `rule-${n}`, what: { kind: 'tool', name: tool }, effect: 'deny', says: 'No.' }],
  })

export async function hashOf(text: string): Promise<string> {
  const read = await readPolicyText(text)
  if (!read.ok) throw new Error(read.error.join('; '))
  return read.value.policy.hash
}

export const editor = (user: string, n = 0): Editor => ({ user, act: `act-${user}-${n}` })

export const heads = async (): Promise<(Head | null)[]> =>
  Promise.all(REPLICAS.map((name) => reach(env, name).readHead()))

export const someSwitch = (changes: Partial<Switch> = {}): Switch => ({
  id: crypto.randomUUID(),
  target: { kind: 'everything' },
  says: 'We look into something.',
  sinceMs: clock.nowMs,
  untilMs: null,
  ...changes,
})
