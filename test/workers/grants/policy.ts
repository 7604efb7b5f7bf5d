import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { readPolicyText } from '#control/documents.ts'
import { PRIMARY } from '#control/replicas.ts'
import type { Switch, SwitchTarget } from '#policy/switches.ts'
import { POLICY_TEXTS } from '#wiring/policy-texts.ts'
import { passSeconds, startClock, stopClock } from './support.ts'

/** An isolate's head is at most this old. */
const HEAD_SECONDS = 5

const control = () => env.CONTROL.getByName(PRIMARY)

let latestMs = 0

/** Stops the clock, later than the test before it left it: an isolate's head never comes from the future. */
export function beginPolicies(): void {
  stopClock()
  latestMs = Math.max(latestMs + HEAD_SECONDS * 1000, Date.now())
  vi.setSystemTime(latestMs)
}

/** Everything is allowed again. */
export async function endPolicies(): Promise<void> {
  await putInForce([])
  latestMs = Date.now()
  startClock()
}

/** Puts a document with these rules in force. The clock must be stopped (support.ts). */
export async function putInForce(rules: readonly object[], more: object = {}): Promise<void> {
  const carried = await readPolicyText(POLICY_TEXTS.default)
  if (carried.ok) await control().adopt(carried.value.text)
  const { head } = await control().state()
  const said = rules.map((rule) => ({ says: 'Ask the platform team.', ...rule }))
  const text = JSON.stringify({ version: 1, default: 'allow', ...more, rules: said })
  const editor = { user: 'editor', act: crypto.randomUUID() }
  const { outcome } = await control().apply(text, head.policy, editor, false)
  if (outcome !== 'in-force' && outcome !== 'unchanged') throw new Error(outcome)
  passSeconds(HEAD_SECONDS)
}

/** Switches something off. Returns what switches it on again. */
export async function switchOff(
  target: SwitchTarget,
  given: Partial<Switch> = {},
): Promise<() => Promise<void>> {
  const one: Switch = {
    id: crypto.randomUUID(),
    target,
    says: 'It is being “repaired”.',
    sinceMs: Date.now(),
    untilMs: null,
    ...given,
  }
  await control().switchOff(one)
  passSeconds(HEAD_SECONDS)
  return async () => {
    await control().switchOn(one.id)
    passSeconds(HEAD_SECONDS)
  }
}
