import type { Config } from '#config.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { type Finding, note, ok } from './finding.ts'

/** Whether the lists of the audit log can be signed. A bad key is a bad setting. */
export const checkAuditKey = ({ AUDIT_SIGNING_KEY: key }: GivenSettings): Finding =>
  key === undefined || key === ''
    ? note(
        'AUDIT_SIGNING_KEY',
        'it is missing: no head of the audit log is signed, so a removed chain is not noticed, and nothing old is deleted',
        { fix: 'npm run keys -- --audit makes a key', page: 'docs/audit.md#make-the-signing-key' },
      )
    : ok('AUDIT_SIGNING_KEY', 'there is a key that signs the lists of the audit log')

/** Where security events and acts of operators go, if anywhere. Nothing is sent: the receiver would take it for an event. */
export const checkWebhook = ({ webhook }: Config): readonly Finding[] =>
  webhook === null
    ? []
    : [
        webhook.url.startsWith('https:')
          ? ok('WEBHOOK_URL', `security events and acts of operators go to ${new URL(webhook.url).host}`)
          : note('WEBHOOK_URL', 'it is on this machine', {
              fix: 'name an https address for a deployment',
              page: 'docs/configuration.md',
            }),
      ]

/** Roles come from a claim that only the id token of a sign-in shows. */
export const checkOperators = ({ operators, pingone: { claims } }: Config): readonly Finding[] =>
  operators === null
    ? []
    : [
        note(
          'groups of operators',
          `not checked: whether the id token has the claim ${claims.groups} with names of groups`,
          {
            fix: 'map it at the application, then sign in with npm run operate',
            page: 'docs/run.md#6-groups-for-operators',
          },
        ),
      ]
