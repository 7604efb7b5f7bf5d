import { DenialCounts } from '#audit/denial-counts.ts'
import { type AuditJobDeps, runAuditJobs } from '#audit/jobs.ts'
import { makeAuditStore } from '#audit/store.ts'
import type { CountDenial } from '#events/denial-count.ts'
import type { AuditStore } from '#events/store.ts'
import { signClaims } from '#lib/audit-signing-key.ts'
import { log } from '#lib/log.ts'
import { oncePerEnv } from '#lib/once-per-env.ts'
import type { Call, Isolate } from './isolate.ts'

export interface AuditWiring {
  /** Where the users' objects ship their events. */
  storeOf: (env: Env) => AuditStore
  /** For denials that belong to no user. */
  countDenial: (call: Pick<Call, 'env' | 'ctx'>) => CountDenial
  /** What a time of `triggers.crons` starts. */
  runJobs: (cron: string, env: Env) => Promise<void>
}

/** The audit log in D1: what writes to it, and what keeps it. */
export function wireAudit({ nowMs, configOf, userByName }: Isolate): AuditWiring {
  const countsOf = oncePerEnv((env: Env) => new DenialCounts(env.RECORDS, nowMs))

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
    countDenial: ({ env, ctx }) => countsOf(env).counterFor((work) => ctx.waitUntil(work)),
    runJobs: async (cron, env) => {
      const deps = jobDeps(env)
      if (deps === 'bad-settings') log.error('audit.head-not-signed', { reason: 'the settings are bad' })
      else await runAuditJobs(deps, cron)
    },
  }
}
