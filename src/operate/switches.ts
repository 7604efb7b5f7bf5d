import { z } from 'zod'
import type { SwitchOutcome } from '#control/control-api.ts'
import { err, ok } from '#lib/result.ts'
import { MOST_SWITCHES, type SwitchTarget } from '#policy/switches.ts'
import type { Handler } from './answer.ts'
import { conflict, invalid, noSuchUser, notFound } from './api-denial.ts'
import { SwitchEndRequest, SwitchRequest, type Switches, type SwitchChange } from './policy-schema.ts'
import { type ChangeEnding, recordChange } from './recorded-change.ts'

const NoInput = z.strictObject({})
const timeOf = (ms: number): string => new Date(ms).toISOString()

const NO_POLICY = conflict('No policy is in force, so nothing can be used and nothing can be switched.')
const TOO_MANY = conflict(`There are ${MOST_SWITCHES} switches. End some first. Nothing was changed.`)
const NO_SWITCH = notFound('No such switch is in force. It was ended, or it ended by itself.')

/** GET /switches: what is off now. */
export const listSwitches: Handler<typeof NoInput, Switches> = {
  role: 'viewer',
  input: NoInput,
  run: async (_input, _operator, { policy, nowSeconds }) => {
    const all = (await policy.state())?.head.switches ?? []
    const nowMs = nowSeconds() * 1000
    const running = all.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
    return ok({
      switches: running.map(({ sinceMs, untilMs, ...shown }) => ({
        ...shown,
        since: timeOf(sinceMs),
        until: untilMs === null ? null : timeOf(untilMs),
      })),
    })
  },
}

/** What a switch is about, in the audit log. */
const subjectOf = (target: SwitchTarget): string =>
  target.kind === 'everything' ? target.kind : `${target.kind}:${target.value}`

/** POST /switches: switches off what the target names, until a time or until an operator switches it on. */
export const switchOff: Handler<typeof SwitchRequest, SwitchChange> = {
  role: 'operator',
  input: SwitchRequest,
  run: async ({ act, reason, target, says, until }, operator, deps) => {
    const sinceMs = deps.nowSeconds() * 1000
    const untilMs = until === null ? null : Date.parse(until)
    if (untilMs !== null && untilMs <= sinceMs) return err(invalid('until: it is over already'))
    const about = target.kind === 'user' ? target.value : null
    if (about !== null && !(await deps.records.isKnownUser(about))) return err(noSuchUser)
    if ((await deps.policy.state()) === null) return err(NO_POLICY)
    const change = { act, operation: 'switch-off', reason, about, subject: subjectOf(target) } as const
    return recordChange(change, operator, deps, async () =>
      endingOf(act, await deps.policy.control.switchOff({ id: act, target, says, sinceMs, untilMs })),
    )
  },
}

/** POST /switches/:id/end */
export const switchOn: Handler<typeof SwitchEndRequest, SwitchChange> = {
  role: 'operator',
  input: SwitchEndRequest,
  run: async ({ act, reason, id }, operator, deps) => {
    const found = (await deps.policy.state())?.head.switches.find((one) => one.id === id)
    if (found === undefined) return err(NO_SWITCH)
    const about = found.target.kind === 'user' ? found.target.value : null
    const change = { act, operation: 'switch-on', reason, about, subject: subjectOf(found.target) } as const
    return recordChange(change, operator, deps, async () =>
      endingOf(act, await deps.policy.control.switchOn(id)),
    )
  },
}

function endingOf(act: string, outcome: SwitchOutcome): ChangeEnding<SwitchChange> {
  switch (outcome) {
    case 'done':
      return { answer: ok({ act, outcome }), outcome: 'done', result: outcome }
    case 'not-everywhere':
      return { answer: ok({ act, outcome }), outcome: 'failed', result: outcome }
    case 'too-many':
      return { answer: err(TOO_MANY), outcome: 'refused', result: outcome }
    case 'unknown':
      return { answer: err(NO_SWITCH), outcome: 'refused', result: outcome }
    default:
      return outcome satisfies never
  }
}
