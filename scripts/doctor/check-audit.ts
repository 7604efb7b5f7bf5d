import type { Config } from '#config.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { openLocalDatabase } from '../audit/databases.ts'
import { SqlAuditLog } from '../audit/sql-log.ts'
import { type Finding, note, ok, problem, warning } from './finding.ts'

/** Whether the lists of the audit log can be signed. A bad key is a bad setting. */
export const checkAuditKey = ({ AUDIT_SIGNING_KEY: key }: GivenSettings): Finding =>
  key === undefined || key === ''
    ? warning(
        'AUDIT_SIGNING_KEY is missing: no head of the audit log is signed, so a removed chain is not noticed, and ' +
          'nothing old is deleted. npm run keys -- --audit makes a key',
      )
    : ok('there is a key that signs the lists of the audit log')

/** Where security events and acts of operators go, if anywhere. Nothing is sent: the receiver would take it for an event. */
export const checkWebhook = ({ webhook }: Config): readonly Finding[] =>
  webhook === null
    ? []
    : [
        webhook.url.startsWith('https:')
          ? ok(`security events and acts of operators go to ${new URL(webhook.url).host}`)
          : note('WEBHOOK_URL is on this machine'),
      ]

/** What only the database shows. A deployed one is not read here. */
export async function checkAuditState(state: string | undefined): Promise<readonly Finding[]> {
  if (state === undefined)
    return [
      note('not checked: the audit log in D1. npm run audit -- status --env <environment> counts its events'),
    ]
  try {
    using log = new SqlAuditLog(openLocalDatabase(describeStateFolder(state)), { isWhole: true })
    const { events, rejected } = await log.status('')
    return [
      ok(`${events} events in the audit log`),
      ...(rejected === 0 || rejected === null
        ? []
        : [
            warning(
              `${rejected} events did not fit their schema: look for audit.event-rejected in the log and at the table ` +
                'rejected_events',
            ),
          ]),
    ]
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    return [
      problem(
        'the tables of the audit log are missing, so its events wait in the objects of the users: npm start makes them',
      ),
    ]
  }
}
