import { env } from 'cloudflare:workers'
import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Those of the folder `migrations/` (worker-project.ts). */
    migrations: D1Migration[]
  }
}

/** The database of the Worker under test as a deployment has it. Setup files may run more than once: idempotent. */
await applyD1Migrations(env.RECORDS, inject('migrations'))
