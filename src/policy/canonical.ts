import { canonicalDigest, canonicalJson } from '#lib/hash.ts'
import type { PolicyDocument } from './document.ts'

/**
 * The canonical form of a document: JSON with sorted members, without `$schema`, which changes nothing. Defaults are filled
 * in by parsing.
 */
export const canonicalPolicy = (document: PolicyDocument): string => canonicalJson(content(document))

/** SHA-256, base64url, of the canonical form. */
export const policyHash = (document: PolicyDocument): Promise<string> => canonicalDigest(content(document))

function content(document: PolicyDocument): Omit<PolicyDocument, '$schema'> {
  const { $schema: _, ...rest } = document
  return rest
}
