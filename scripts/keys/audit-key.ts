import { generateKeyPairSync } from 'node:crypto'
import { readAuditPublicKeys } from '#audit/list-proof.ts'
import { readPrivateFile, writePrivateFile } from '#harness/local/private-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { newKeyId } from './key-set.ts'

/** A private key that signs the lists of the audit log, on one line so that it fits into .dev.vars, and its public half. */
export function newAuditKey() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const key = { ...privateKey.export({ format: 'jwk' }), kid: newKeyId(), alg: 'EdDSA', use: 'sig' }
  const published = readAuditPublicKeys(key)
  if (!published.ok) throw new Error(published.error)
  return { id: key.kid, text: JSON.stringify(key), publicKey: published.value[0] }
}

/** Writes such a key, and prints its public half. */
export function makeAuditKey(file: string): void {
  if (readPrivateFile(file) !== undefined)
    throw new StartProblem(
      `${file} is there already: lists that it signed need its public half, so name another file with --audit-file.`,
    )
  const { id, text, publicKey } = newAuditKey()
  writePrivateFile(file, `${text}\n`)
  console.log(`${file} (mode 0600): ${id} signs the lists of the audit log`)
  console.log(`  npx wrangler secret put AUDIT_SIGNING_KEY --env production < ${file}`)
  console.log('Verifying the log needs the public half. Keep it outside the account:')
  console.log(JSON.stringify(publicKey))
}
