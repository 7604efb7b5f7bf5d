import { checkToken, type User } from './check-token.ts'
import type { Result } from './result.ts'
import { readSettings } from './settings.ts'
import { SigningKeys } from './signing-keys.ts'

/** Lets a request in for a user, or says why not. */
export type Gate = (authorization: string | undefined, need: 'read' | 'write') => Promise<Result<User>>

const gates = new WeakMap<object, Gate>()

/** The gate of this deployment, made once per isolate: the keys of the issuer live in it. */
export function gateOf(env: Env): Gate {
  const known = gates.get(env)
  if (known !== undefined) return known
  const gate = openGate(env)
  gates.set(env, gate)
  return gate
}

function openGate(env: Env): Gate {
  const settings = readSettings(env)
  if (!settings.ok) return async () => settings
  const keys = new SigningKeys(settings.value.issuer)
  return (authorization, need) => checkToken(authorization, need, settings.value, keys)
}
