import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { makeAuditJwk } from '../make-private-jwk.ts'
import { parseJson, readPrivateFile, writePrivateFile } from './private-file.ts'
import { StartProblem } from './start-problem.ts'

/** `auditKey`: files of earlier releases do not have it. */
const KeysFile = z.strictObject({
  rootKeys: z.string(),
  clientSecret: z.string(),
  privateKey: z.string(),
  auditKey: z.string().optional(),
})

/**
 * Keys of this machine's runs, made once. `privateKey` is a JWK, for PINGONE_CLIENT_AUTH=private_key_jwt; `auditKey` is
 * one too, for AUDIT_SIGNING_KEY.
 */
export type Keys = z.infer<typeof KeysFile> & { auditKey: string }

export function keepKeys(path: string): Keys {
  const kept = readPrivateFile(path)
  if (kept !== undefined) {
    const read = KeysFile.safeParse(parseJson(kept))
    // Other keys would open nothing of the data that lies beside them.
    if (!read.success) throw new StartProblem(`${path} cannot be read. Begin empty: npm start -- --fresh`)
    const { auditKey } = read.data
    return auditKey === undefined
      ? writeKeys(path, { ...read.data, auditKey: makeAuditKey() })
      : { ...read.data, auditKey }
  }
  return writeKeys(path, makeKeys())
}

function writeKeys(path: string, keys: Keys): Keys {
  writePrivateFile(path, `${JSON.stringify(keys, null, 2)}\n`)
  return keys
}

const makeKeys = (): Keys => ({
  rootKeys: `local:${randomBytes(32).toString('base64url')}`,
  clientSecret: randomBytes(32).toString('base64url'),
  privateKey: JSON.stringify(makePrivateKey()),
  auditKey: makeAuditKey(),
})

const makeAuditKey = (): string => JSON.stringify(makeAuditJwk('local'))

function makePrivateKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: 'local', alg: 'RS256', use: 'sig' }
}
