import type { Reasons } from './judge.ts'
import type { Run } from './run-conformance.ts'

const NO_TASKS =
  'Tasks (SEP-2663) are an optional extension that this server does not offer. A tool runs for at most 25 s, and a repeat ' +
  'with the same idempotency key gets the first answer.'
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

const NO_CHANGES = 'lists change only with a deployment, so the server does not announce `listChanged`.'

const NO_EVENT_STORE =
  'This scenario resumes a broken stream, which needs a store of everything sent on it. This server does not store tool ' +
  'results in clear; a call repeated with its idempotency key gets the first answer instead.'

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
