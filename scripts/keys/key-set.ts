import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../local/private-file.ts'
import { StartProblem } from '../local/start-problem.ts'

const Key = z.looseObject({ kid: z.string() })
/** A private key alone is a set of one. */
const KeySet = z.union([z.object({ keys: z.array(Key).min(1) }), Key.transform((key) => ({ keys: [key] }))])
export type KeySet = z.infer<typeof KeySet>

// PingOne reads RS256, RS384 and RS512 from private_key_jwt, no curves.
const ALGORITHM = 'RS256'
// Two private keys of this size, the most that a rotation needs, fit into a Workers secret.
const MODULUS_BITS = 2048
export const MOST_SECRET_BYTES = 5 * 1024

/** What can be done with a set, each a step of the rotation in docs/operate.md. */
export const ACTS = {
  /** The first key of all. */
  make: () => ({ keys: [makeKey()] }),
  /** Published, and not used before every cache has it. */
  next: ({ keys: [first, ...others] }: KeySet) => ({
    keys: first ? [first, makeKey(), ...others] : [makeKey()],
  }),
  /** At the front: it signs from the next deploy on. For where PingOne is given the public set by hand before. */
  first: ({ keys }: KeySet) => ({ keys: [makeKey(), ...keys] }),
  /** The next one signs now; once more puts it back. */
  swap: ({ keys: [first, second, ...others] }: KeySet) => {
    if (first === undefined || second === undefined) throw new StartProblem('There is no second key yet.')
    return { keys: [second, first, ...others] }
  },
  /** The oldest goes: the last one. */
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

/** One line, so that it fits into .dev.vars as it stands. */
export const formatKeySet = (set: KeySet): string => `${JSON.stringify(set)}\n`

function makeKey(): z.infer<typeof Key> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS })
  const jwk = privateKey.export({ format: 'jwk' })
  return { ...jwk, kid: newKeyId(), alg: ALGORITHM, use: 'sig' }
}

/** An entry of ROOT_KEYS, before those that there are. */
export const withNewRootKey = (before: string): string =>
  `${[`${newKeyId()}:${randomBytes(32).toString('base64url')}`, ...(before === '' ? [] : [before])].join(',')}\n`

/** The day tells an operator which one is old; the rest tells two of one day apart. */
const newKeyId = (): string =>
  `k${new Date().toISOString().slice(0, 10).replaceAll('-', '')}${randomBytes(3).toString('hex')}`
