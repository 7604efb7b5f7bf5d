import type { Reasons } from './judge.ts'
import type { Run } from './run-conformance.ts'

const NO_TASKS =
  'Tasks (SEP-2663) are an optional extension, which this server does not offer: a call here lasts at most 25 s, and ' +
  'one that is repeated with its key is answered by what the first one did.'
const TASKS = [
  'tasks-lifecycle',
  'tasks-capability-negotiation',
  'tasks-wire-fields',
  'tasks-request-state-removal',
  'tasks-mrtr-input',
  'tasks-request-headers',
  'tasks-dispatch-and-envelope',
  'tasks-status-notifications',
  'tasks-required-task-error',
  'tasks-mrtr-composition',
]

const NO_CHANGES =
  'the lists of this server are the same until it is deployed anew, so it promises no news of changes.'

const NO_EVENT_STORE =
  'It resumes a stream that broke, which takes a store of what was sent on it. Results of tools are not kept in clear ' +
  'for that: a call that is repeated with its idempotency key gets the first answer instead.'

/** Checks that do not pass in full, with reasons. Everything else must pass. */
export const REASONS: Readonly<Record<Run['name'], Reasons>> = {
  '2026-07-28': new Map([
    ['server-stateless:sep-2575-server-sends-prompts-list-changed-on-subscription', NO_CHANGES],
    ['server-stateless:sep-2575-server-sends-tools-list-changed-on-subscription', NO_CHANGES],
    ...TASKS.map((scenario) => [scenario, NO_TASKS] as const),
  ]),
  '2025-11-25': new Map([['server-sse-polling', NO_EVENT_STORE]]),
  authorization: new Map(),
}
