import type { PolicyName } from '#policy/settings.ts'
// Text: the key `rules` of wrangler.jsonc.
import defaultText from '../../policy/default.jsonc'
import lockedDownText from '../../policy/locked-down.jsonc'
import readOnlyText from '../../policy/read-only.jsonc'

/** The documents in `policy/` as this deployment carries them. */
export const POLICY_TEXTS: Readonly<Record<PolicyName, string>> = {
  default: defaultText,
  'read-only': readOnlyText,
  'locked-down': lockedDownText,
}
