/** What `lint` can find. Each has a test. */
export type FindingCode =
  | 'duplicate-id'
  | 'approve'
  | 'server-effect'
  | 'changes-nothing'
  // What a rule is about (lint-subjects.ts).
  | 'bad-pattern'
  | 'unknown-app'
  | 'unknown-name'
  | 'matches-nothing'
  | 'unproven'
  | 'unknown-claim'
  | 'no-groups'
  | 'never-matches'
  // Its condition (lint-condition.ts).
  | 'bad-condition'
  | 'condition-type'
  | 'unknown-argument'
  | 'optional-argument'
  | 'args-in-list'
  | 'always-true'
  // Two rules (lint-pairs.ts).
  | 'covered'
  | 'overlap'

export interface Finding {
  /** An error keeps the document from taking force. */
  level: 'error' | 'warning'
  /** The id of the rule. */
  rule: string
  code: FindingCode
  /** A sentence for the author of the policy, without the id of the rule. */
  message: string
}

/** At most some of the names, and how many more there are. */
export function someOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
