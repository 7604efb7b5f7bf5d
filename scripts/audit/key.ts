import { createPrivateKey, createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { type AuditPublicKey, readAuditPublicKeys } from '#audit/list-proof.ts'
import { parseJson, readPrivateFile } from '#harness/local/private-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { readLocal } from '../doctor/read-settings.ts'

/** Any Ed25519 JWK: of a private one only the public half leaves this file. */
const Key = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string() })
const PrivateParts = z.object({ d: z.string() })

/** The public keys in a file: a JWK or a JWK set. */
export function readKeyFile(path: string): readonly AuditPublicKey[] {
  const text = readPrivateFile(path)
  if (text === undefined) throw new StartProblem(`${path} does not exist.`)
  return publicKeysIn(text, path)
}

/** The key that the server of this state signs with. */
export function readLocalKey(state: string): readonly AuditPublicKey[] {
  const text = readLocal(state)['AUDIT_SIGNING_KEY']
  if (text === undefined)
    throw new StartProblem(`${state} has no AUDIT_SIGNING_KEY: name the public key with --key <file>.`)
  return publicKeysIn(text, 'AUDIT_SIGNING_KEY')
}

function publicKeysIn(text: string, where: string): readonly AuditPublicKey[] {
  const json = parseJson(text)
  const read = readAuditPublicKeys(json)
  if (!read.ok) throw new StartProblem(`${where}: ${read.error}. It must be a JWK or a JWK set.`)
  if (!isConsistent(json)) throw new StartProblem(`${where}: the public half belongs to another key.`)
  return read.value
}

/** Whether the public half of a private JWK is its own. A public one is. */
function isConsistent(json: unknown): boolean {
  if (!PrivateParts.safeParse(json).success) return true
  const key = Key.parse(json)
  const derived = createPublicKey(createPrivateKey({ key, format: 'jwk' })).export({ format: 'jwk' })
  return derived.x === key['x']
}
