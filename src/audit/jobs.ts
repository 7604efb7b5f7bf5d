import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { type HeadDeps, isHeadUnfinished, writeHead } from './heads.ts'
import { removeOldEvents, type RetentionDeps } from './retention.ts'

/** `triggers.crons` of each environment in wrangler.jsonc. The hourly run finishes what the daily one left. */
export const CRONS = { daily: '17 3 * * *', hourly: '47 * * * *' } as const

export type AuditJobDeps = HeadDeps & RetentionDeps

/**
 * Signs the head of the day and removes old events. Any `cron` but the hourly one signs a new head, so that a developer
 * can request one. `deps` is null without AUDIT_SIGNING_KEY. Throws after logging, so that the platform counts a failure.
 * @step audit 7-10 what a cron trigger runs
 */
export async function runAuditJobs(deps: AuditJobDeps | null, cron: string): Promise<void> {
  const isHourly = cron === CRONS.hourly
  if (deps === null) {
    if (!isHourly) log.error('audit.head-not-signed', { reason: 'AUDIT_SIGNING_KEY is not set' })
    return
  }
  try {
    if (!isHourly || (await isHeadUnfinished(deps.db))) await writeHead(deps)
    await removeOldEvents(deps)
  } catch (error) {
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    log.error('audit.job-failed', { cron, detail })
    throw error
  }
}
