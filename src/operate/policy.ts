import { z } from 'zod'
import type { ApplyOutcome, ConfirmOutcome, ControlState, PendingDocument } from '#control/control-api.ts'
import { readPolicyText, type ValidDocument } from '#control/documents.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Handler } from './answer.ts'
import { type ApiDenial, conflict, notFound } from './api-denial.ts'
import type { OperateDeps } from './deps.ts'
import {
  ApplyRequest,
  MOST_POLICY_BODY_BYTES,
  PendingRequest,
  type PendingPolicy,
  type PolicyChange,
  PolicyHash,
  type PolicyPreview,
  PolicyPreviewRequest,
  type PolicyState,
  RollbackRequest,
  type StoredPolicy,
} from './policy-schema.ts'
import { type ChangeEnding, recordChange } from './recorded-change.ts'

// The policy in force, and how editors change it. Control decides; this room records, and says why not.

const timeOf = (ms: number): string => new Date(ms).toISOString()
const NoInput = z.strictObject({})

const NO_POLICY = conflict(
  'No policy is in force: the document of the deployment is not valid. Correct it in policy/ and deploy again.',
)
const noDocument = notFound('Neither the history nor what waits has a document with this hash.')
const NOTHING_PENDING = conflict(
  'No document with this hash waits for a second editor. It was confirmed, dropped or replaced. Nothing was changed.',
)
const SAME_EDITOR = conflict(
  'You proposed this document, so another editor must confirm it. Nothing was changed.',
)
const PROPOSER_BLOCKED = conflict(
  'The editor who proposed this document is blocked by an operator now. Drop it, or apply it yourself. Nothing was changed.',
)
const movedOn = (inForce: string): ApiDenial =>
  conflict(
    `Another policy is in force than the one that this change begins from: ${inForce}. Look at it and begin again. Nothing was changed.`,
  )
const refusedDocument = (problems: string[]): ApiDenial => ({
  code: 'invalid',
  message: 'The document is refused. Nothing was changed.',
  problems,
})

const shownPending = ({ atMs, ...pending }: PendingDocument): PendingPolicy => ({
  ...pending,
  at: timeOf(atMs),
})

/** GET /policy */
export const readPolicy: Handler<typeof NoInput, PolicyState> = {
  role: 'viewer',
  input: NoInput,
  run: async (_input, _operator, { policy, config }) => {
    const [state, { name, hash }] = await Promise.all([policy.state(), policy.carried()])
    const isAdopted = hash !== null && state !== null && isKnown(state, hash)
    return ok({
      inForce: state?.head.policy ?? null,
      pending: state === null || state.pending === null ? null : shownPending(state.pending),
      history: (state?.history ?? []).map(({ atMs, ...entry }) => ({ ...entry, at: timeOf(atMs) })),
      carried: { name, hash, isAdopted },
      changes: config.policy.isShared ? 'two-editors' : 'one-editor',
    })
  },
}

const isKnown = ({ head, history }: ControlState, hash: string): boolean =>
  head.bundles.includes(hash) || history.some((entry) => entry.hash === hash)

const HashInput = z.strictObject({ hash: PolicyHash })

/** GET /policy/documents/:hash */
export const readPolicyDocument: Handler<typeof HashInput, StoredPolicy> = {
  role: 'viewer',
  input: HashInput,
  run: async ({ hash }, _operator, { policy }) => {
    const document = await policy.control.readDocument(hash)
    return document === null ? err(noDocument) : ok({ hash, document })
  },
}

/** POST /policy/preview: what a change would do. It changes nothing. */
export const previewPolicy: Handler<typeof PolicyPreviewRequest, PolicyPreview> = {
  role: 'viewer',
  input: PolicyPreviewRequest,
  maxBytes: MOST_POLICY_BODY_BYTES,
  run: async (input, _operator, { policy, config }) => {
    const text = 'document' in input ? input.document : await policy.control.readDocument(input.hash)
    if (text === null) return err(noDocument)
    const read = await readPolicyText(text)
    if (!read.ok) return err(refusedDocument(read.error))
    const inForce = await documentInForce(policy)
    if (inForce === null) return err(NO_POLICY)
    const { document, policy: compiled } = read.value
    const widens = policy.widens(inForce.document, document)
    return ok({
      hash: compiled.hash,
      problems: policy.check(document),
      widens,
      needsSecondEditor: config.policy.isShared && widens.length > 0,
    })
  },
}

async function documentInForce({ state, control }: OperateDeps['policy']): Promise<ValidDocument | null> {
  const known = await state()
  const text = known === null ? null : await control.readDocument(known.head.policy)
  const read = text === null ? null : await readPolicyText(text)
  return read !== null && read.ok ? read.value : null
}

/** POST /policy/apply: refused with the list of problems, in force, or waiting for a second editor. */
export const applyPolicy: Handler<typeof ApplyRequest, PolicyChange> = {
  role: 'policy-editor',
  input: ApplyRequest,
  maxBytes: MOST_POLICY_BODY_BYTES,
  run: async ({ act, reason, document: text, base }, operator, deps) => {
    const read = await readPolicyText(text)
    if (!read.ok) return err(refusedDocument(read.error))
    const problems = deps.policy.check(read.value.document)
    if (problems.length > 0) return err(refusedDocument(problems))
    if ((await deps.policy.state()) === null) return err(NO_POLICY)
    const { hash } = read.value.policy
    const change = { act, operation: 'policy-apply', reason, about: null, subject: hash } as const
    return recordChange(change, operator, deps, async () => {
      const editor = { user: operator.name, act }
      const { isShared } = deps.config.policy
      return endingOf(act, hash, await deps.policy.control.apply(text, base, editor, isShared))
    })
  },
}

/** POST /policy/rollback: a document of the history, under the same rules. */
export const rollBackPolicy: Handler<typeof RollbackRequest, PolicyChange> = {
  role: 'policy-editor',
  input: RollbackRequest,
  run: async ({ act, reason, hash, base }, operator, deps) => {
    if ((await deps.policy.control.readDocument(hash)) === null) return err(noDocument)
    const change = { act, operation: 'policy-rollback', reason, about: null, subject: hash } as const
    return recordChange(change, operator, deps, async () => {
      const editor = { user: operator.name, act }
      const { isShared } = deps.config.policy
      return endingOf(act, hash, await deps.policy.control.rollBack(hash, base, editor, isShared))
    })
  },
}

/** POST /policy/confirm: by another editor than the one who proposed it, who must not be blocked since. */
export const confirmPolicy: Handler<typeof PendingRequest, PolicyChange> = {
  role: 'policy-editor',
  input: PendingRequest,
  run: async ({ act, reason, hash }, operator, deps) => {
    const pending = (await deps.policy.state())?.pending ?? null
    if (pending?.hash === hash && (await isBlocked(pending.by, deps))) return err(PROPOSER_BLOCKED)
    const change = { act, operation: 'policy-confirm', reason, about: null, subject: hash } as const
    return recordChange(change, operator, deps, async () =>
      endingOf(act, hash, await deps.policy.control.confirm(hash, { user: operator.name, act })),
    )
  },
}

const isBlocked = async (user: string | null, { userNamed }: OperateDeps): Promise<boolean> =>
  user !== null && (await userNamed(user).describeForOperator()).isBlocked

/** POST /policy/drop: what waits is forgotten. */
export const dropPolicy: Handler<typeof PendingRequest, PolicyChange> = {
  role: 'policy-editor',
  input: PendingRequest,
  run: async ({ act, reason, hash }, operator, deps) => {
    const change = { act, operation: 'policy-drop', reason, about: null, subject: hash } as const
    return recordChange(change, operator, deps, async () => {
      const outcome = await deps.policy.control.drop(hash, { user: operator.name, act })
      if (outcome === 'nothing-pending') return refused(NOTHING_PENDING, outcome)
      return ending({ act, outcome: 'dropped', hash, widens: [] })
    })
  },
}

function endingOf(
  act: string,
  hash: string,
  given: ApplyOutcome | ConfirmOutcome,
): ChangeEnding<PolicyChange> {
  const { outcome } = given
  switch (outcome) {
    case 'in-force':
    case 'unchanged':
    case 'not-everywhere':
      return ending({ act, outcome, hash, widens: [] })
    case 'pending':
      return ending({ act, outcome, hash, widens: given.widens })
    case 'moved-on':
      return refused(movedOn(given.inForce), outcome)
    case 'invalid':
      return refused(refusedDocument(given.problems), outcome)
    case 'same-editor':
      return refused(SAME_EDITOR, outcome)
    case 'nothing-pending':
      return refused(NOTHING_PENDING, outcome)
    default:
      return outcome satisfies never
  }
}

const ending = (answer: PolicyChange): ChangeEnding<PolicyChange> => ({
  answer: ok(answer),
  outcome: answer.outcome === 'not-everywhere' ? 'failed' : 'done',
  result: answer.outcome,
})

const refused = (denial: ApiDenial, result: string): ChangeEnding<PolicyChange> => {
  const answer: Result<PolicyChange, ApiDenial> = err(denial)
  return { answer, outcome: 'refused', result }
}
