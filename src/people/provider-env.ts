import type { ProviderStorage } from './provider-storage.ts'

/**
 * The only place that gives the OAuth library its storage. `OAUTH_PROVIDER` is emptied on purpose: the library
 * leaves its helpers on the env object that it saw first, bound to that env's storage, and would use them again.
 */
export const providerEnv = (env: Env, storage: ProviderStorage) => ({
  ...env,
  OAUTH_KV: storage,
  OAUTH_PROVIDER: undefined,
})

export type ProviderEnv = ReturnType<typeof providerEnv>
