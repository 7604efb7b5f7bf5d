import type { Effect } from './document.ts'

/** What a decision is about. */
export interface Subject {
  /** The slug of the product, or `server` for the engine's own tools and for the connection itself. */
  app: string
  kind: 'server' | 'tool' | 'prompt' | 'resource'
  /**
   * The names it has, and a rule that matches one of them matches it. A resource behind a template has its URI, written out
   * again from the decoded variables, and the template; in a list the template alone. `server` has the name `mcp`.
   */
  names: readonly string[]
  /** Whether it can change something. Absent: as if a tool can, and nothing else. */
  writes?: boolean
}

/** A value in CEL. Integers are BigInt, as the schema of the tool says (arguments.ts). */
export type CelValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly CelValue[]
  | { readonly [name: string]: CelValue }

export interface PolicyUser {
  /** The name of the user's object: a pseudonym. */
  id: string
  groups: readonly string[]
  /** Only those that the settings name. A claim that is one text is a list of one. */
  claims: Readonly<Record<string, readonly string[]>>
  /** The flow policy of the last sign-in; empty: unknown. */
  acr: string
}

export interface PolicyClient {
  id: string
  /** The verified domain of a client with a metadata document; empty for any other. */
  domain: string
  /** `document`: its id is the URL of its metadata. `registered`: it registered itself, and its name is a claim. */
  kind: 'document' | 'registered'
}

export interface PolicyRequest {
  /** The caller's network (lib/addresses.ts). */
  network: string
  /** Seconds since the user signed in for this grant. */
  authAgeSeconds: number
  transport: 'stateless' | 'session' | 'login'
}

/** Everything that a decision depends on. */
export interface Question {
  /**
   * `list`: the arguments are not known yet, so rules that read them, or what passes, only say what is possible. `now`: of a
   * call at this moment, all is known but its arguments (outlook.ts).
   */
  phase: 'list' | 'call' | 'now'
  subject: Subject
  user: PolicyUser
  client: PolicyClient
  request: PolicyRequest
  nowMs: number
  /** null in a list, and where only they are unknown. */
  args: Readonly<Record<string, CelValue>> | null
}

export interface Decision {
  effect: Effect
  /** The rule that decided; null: the document's default. Of several with the same effect, the first by id. */
  rule: string | null
  /** Its sentence; null with the default. */
  says: string | null
  /** Shadow rules that would have denied, by id. */
  wouldDeny: readonly string[]
}

/** What one rule said to a question. */
export interface SpokenRule {
  id: string
  effect: Effect
  mode: 'enforce' | 'shadow'
  /** `maybe`: what it reads is not known yet. `failed`: its `if` could not be evaluated. */
  verdict: 'matched' | 'maybe' | 'failed' | 'other-who' | 'if-false'
  /** Whether it took part in the decision. */
  counted: boolean
}

export interface Explanation {
  decision: Decision
  /** Every rule that is about the subject, in the order of the document. */
  spoke: readonly SpokenRule[]
}
