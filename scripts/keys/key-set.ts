import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '#harness/local/private-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'

const Key = z.looseObject({ kid: z.string() })
/** A single private key is a set of one. */
const KeySet = z.union([z.object({ keys: z.array(Key).min(1) }), Key.transform((key) => ({ keys: [key] }))])
export type KeySet = z.infer<typeof KeySet>

// PingOne accepts RS256, RS384 and RS512 for private_key_jwt, no curves.
const ALGORITHM = 'RS256'
// A Workers secret holds two private keys of this size, the most that a rotation needs.
const MODULUS_BITS = 2048
export const MAX_SECRET_BYTES = 5 * 1024

/** The operations on a set; each is a step of the rotation in docs/operate/rotate.md. */
export const ACTS = {
  /** Creates the first key. */
  make: () => ({ keys: [makeKey()] }),
  /** Adds a key that is published but not used until every cache has it. */
  next: ({ keys: [first, ...others] }: KeySet) => ({
    keys: first ? [first, makeKey(), ...others] : [makeKey()],
  }),
  /** Adds a key in front, which signs from the next deploy on. Register its public key by hand before. */
  first: ({ keys }: KeySet) => ({ keys: [makeKey(), ...keys] }),
  /** Switches to the next key; a second call switches back. */
  swap: ({ keys: [first, second, ...others] }: KeySet) => {
    if (first === undefined || second === undefined) throw new StartProblem('There is no second key yet.')
    return { keys: [second, first, ...others] }
  },
  /** Removes the oldest key, which is the last one. */
  drop: ({ keys }: KeySet) => {
    if (keys.length < 2) throw new StartProblem('This is the only key: it stays.')
    return { keys: keys.slice(0, -1) }
  },
} satisfies Record<string, (set: KeySet) => KeySet>

export function readKeySet(text: string, path: string): KeySet {
  const read = KeySet.safeParse(parseJson(text))
  if (!read.success) throw new StartProblem(`${path} holds no key set. It was left as it is.`)
  return read.data
}

/** One line, so that it fits into .dev.vars. */
export const formatKeySet = (set: KeySet): string => `${JSON.stringify(set)}\n`

function makeKey(): z.infer<typeof Key> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS })
  const jwk = privateKey.export({ format: 'jwk' })
  return { ...jwk, kid: newKeyId(), alg: ALGORITHM, use: 'sig' }
}

/** Prepends an entry to ROOT_KEYS. */
export const withNewRootKey = (before: string): string =>
  `${[`${newKeyId()}:${randomBytes(32).toString('base64url')}`, ...(before === '' ? [] : [before])].join(',')}\n`

/** The date shows an operator the age; the suffix separates keys of one day. */
export const newKeyId = (): string =>
  `k${new Date().toISOString().slice(0, 10).replaceAll('-', '')}${randomBytes(3).toString('hex')}`
