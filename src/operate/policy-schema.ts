import { z } from 'zod'
import { cleanText } from '#lib/bounded-text.ts'
import { SwitchTarget } from '#policy/switches.ts'
import { Reason, UserName } from './api-schema.ts'

// Requests and answers of the operator API about the policy and about switches.

const time = z.iso.datetime({ precision: 3 })
const uuid = z.uuid()
/** SHA-256 of a document's canonical form. */
export const PolicyHash = z.string().regex(/^[\w-]{43}$/)
/** As a file has it, with its comments. How long a document may be is judged where it is read. */
const documentText = z.string().min(1)
/** A body with a document in a JSON text, where each quote is two characters. */
export const MOST_POLICY_BODY_BYTES = 1024 * 1024

const how = z.enum(['deployed', 'applied', 'rolled-back'])

export const PendingPolicy = z.object({
  hash: PolicyHash,
  /** Null: it came with a deployment. */
  by: UserName.nullable(),
  act: z.string().nullable(),
  base: PolicyHash,
  at: time,
  widens: z.array(z.string()),
  how,
})
export type PendingPolicy = z.infer<typeof PendingPolicy>

/** GET /policy */
export const PolicyState = z.object({
  /** Null: none, so every request of a client gets 503. */
  inForce: PolicyHash.nullable(),
  /** It waits for a second editor. */
  pending: PendingPolicy.nullable(),
  /** The newest first. */
  history: z.array(
    z.object({
      hash: PolicyHash,
      by: UserName.nullable(),
      confirmedBy: UserName.nullable(),
      act: z.string().nullable(),
      at: time,
      how,
    }),
  ),
  /** What the deployment carries. `hash` null: the document is not valid. `isAdopted`: it was looked at, in force or not. */
  carried: z.object({ name: z.string(), hash: PolicyHash.nullable(), isAdopted: z.boolean() }),
  changes: z.enum(['two-editors', 'one-editor']),
})
export type PolicyState = z.infer<typeof PolicyState>

/** GET /policy/documents/:hash. `document`: its canonical JSON. */
export const StoredPolicy = z.object({ hash: PolicyHash, document: z.string() })
export type StoredPolicy = z.infer<typeof StoredPolicy>

/** POST /policy/preview: what a document would change, or one of the history. Nothing is changed. */
export const PolicyPreviewRequest = z.union([
  z.strictObject({ document: documentText }),
  z.strictObject({ hash: PolicyHash }),
])
export const PolicyPreview = z.object({
  hash: PolicyHash,
  /** What of it this deployment does not offer. */
  problems: z.array(z.string()),
  /** What it allows and the policy in force does not. */
  widens: z.array(z.string()),
  needsSecondEditor: z.boolean(),
})
export type PolicyPreview = z.infer<typeof PolicyPreview>

const act = { act: uuid, reason: Reason }

/** POST /policy/apply. `base`: the policy that the editor saw in force. */
export const ApplyRequest = z.strictObject({ ...act, document: documentText, base: PolicyHash })
/** POST /policy/rollback */
export const RollbackRequest = z.strictObject({ ...act, hash: PolicyHash, base: PolicyHash })
/** POST /policy/confirm and POST /policy/drop: about the document that waits. */
export const PendingRequest = z.strictObject({ ...act, hash: PolicyHash })

/** What a change came to. `not-everywhere`: it is stored, and brought to the copies that have not answered. */
export const PolicyChange = z.object({
  act: uuid,
  outcome: z.enum(['in-force', 'pending', 'unchanged', 'dropped', 'not-everywhere']),
  hash: PolicyHash,
  widens: z.array(z.string()),
})
export type PolicyChange = z.infer<typeof PolicyChange>

const MOST_SAYS = 300

/** POST /switches. `says`: what users are told. `until`: it is on again by itself; null: until an operator does it. */
export const SwitchRequest = z.strictObject({
  ...act,
  target: SwitchTarget,
  says: z
    .string()
    .max(MOST_SAYS)
    .refine((text) => text !== '' && cleanText(text) === text, 'It is one line of visible text.'),
  until: time.nullable(),
})
export type SwitchRequest = z.infer<typeof SwitchRequest>
/** POST /switches/:id/end */
export const SwitchEndRequest = z.strictObject({ ...act, id: uuid })
export const SwitchChange = z.object({ act: uuid, outcome: z.enum(['done', 'not-everywhere']) })
export type SwitchChange = z.infer<typeof SwitchChange>

/** GET /switches: what is off now. `id`: of the act that switched it off. */
export const Switches = z.object({
  switches: z.array(
    z.object({ id: uuid, target: SwitchTarget, says: z.string(), since: time, until: time.nullable() }),
  ),
})
export type Switches = z.infer<typeof Switches>

/** The routes of policy and switches, as `operateRoutes` has the others. */
export const policyRoutes = {
  state: { method: 'GET', path: '/policy', answer: PolicyState },
  document: { method: 'GET', path: '/policy/documents/:hash', answer: StoredPolicy },
  preview: { method: 'POST', path: '/policy/preview', body: PolicyPreviewRequest, answer: PolicyPreview },
  apply: { method: 'POST', path: '/policy/apply', body: ApplyRequest, answer: PolicyChange },
  rollback: { method: 'POST', path: '/policy/rollback', body: RollbackRequest, answer: PolicyChange },
  confirm: { method: 'POST', path: '/policy/confirm', body: PendingRequest, answer: PolicyChange },
  drop: { method: 'POST', path: '/policy/drop', body: PendingRequest, answer: PolicyChange },
  switches: { method: 'GET', path: '/switches', answer: Switches },
  switchOff: { method: 'POST', path: '/switches', body: SwitchRequest, answer: SwitchChange },
  switchOn: { method: 'POST', path: '/switches/:id/end', body: SwitchEndRequest, answer: SwitchChange },
} as const
