import type { ProviderStorage } from './provider-storage.ts'

/**
 * The only place that gives the OAuth library its storage. `OAUTH_PROVIDER` is emptied on purpose: the library
 * leaves its helpers on the env object that it saw first, bound to that env's storage, and would use them again.
 */
export const providerEnv = (env: Env, storage: ProviderStorage): ProviderEnv => ({
  ...env,
  OAUTH_KV: storage,
  OAUTH_PROVIDER: undefined,
})

/** Named, not inferred: what the bindings are leads back to the classes that are composed with this. */
export interface ProviderEnv extends Omit<Env, 'OAUTH_KV'> {
  OAUTH_KV: ProviderStorage
  OAUTH_PROVIDER: undefined
}
