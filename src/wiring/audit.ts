import { type AuditJobDeps, runAuditJobs } from '#audit/jobs.ts'
import { makeAuditStore } from '#audit/store.ts'
import type { AuditStore } from '#events/store.ts'
import { signClaims } from '#lib/audit-signing-key.ts'
import { log } from '#lib/log.ts'
import type { Isolate } from './isolate.ts'

export interface AuditWiring {
  /** Where the users' objects ship their events. */
  storeOf: (env: Env) => AuditStore
  /** What a time of `triggers.crons` starts. */
  runJobs: (cron: string, env: Env) => Promise<void>
}

/** The audit log in D1: what writes to it, and what keeps it. */
export function wireAudit({ nowMs, configOf, userByName }: Isolate): AuditWiring {
  function jobDeps(env: Env): AuditJobDeps | null | 'bad-settings' {
    const config = configOf(env)
    if (!config.ok) return 'bad-settings'
    const { app, audit } = config.value
    const { signingKey, retentionDays } = audit
    if (signingKey === null) return null
    return {
      db: env.RECORDS,
      app,
      nowMs,
      retentionDays,
      sign: (claims) => signClaims(signingKey, claims),
      stateOf: (chain) => userByName(env, chain).auditState(),
    }
  }

  return {
    storeOf: (env) => makeAuditStore(env.RECORDS, nowMs),
    runJobs: async (cron, env) => {
      const deps = jobDeps(env)
      if (deps === 'bad-settings') log.error('audit.head-not-signed', { reason: 'the settings are bad' })
      else await runAuditJobs(deps, cron)
    },
  }
}
