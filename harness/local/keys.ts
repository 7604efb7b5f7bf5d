import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { parseJson, readPrivateFile, writePrivateFile } from './private-file.ts'
import { StartProblem } from './start-problem.ts'

const Keys = z.strictObject({ rootKeys: z.string(), clientSecret: z.string(), privateKey: z.string() })

/** Keys of this machine's runs, made once. `privateKey` is a JWK, for PINGONE_CLIENT_AUTH=private_key_jwt. */
export type Keys = z.infer<typeof Keys>

export function keepKeys(path: string): Keys {
  const kept = readPrivateFile(path)
  if (kept !== undefined) {
    const read = Keys.safeParse(parseJson(kept))
    // Other keys would open nothing of the data that lies beside them.
    if (!read.success) throw new StartProblem(`${path} cannot be read. Begin empty: npm start -- --fresh`)
    return read.data
  }
  const made = makeKeys()
  writePrivateFile(path, `${JSON.stringify(made, null, 2)}\n`)
  return made
}

const makeKeys = (): Keys => ({
  rootKeys: `local:${randomBytes(32).toString('base64url')}`,
  clientSecret: randomBytes(32).toString('base64url'),
  privateKey: JSON.stringify(makePrivateKey()),
})

function makePrivateKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: 'local', alg: 'RS256', use: 'sig' }
}
