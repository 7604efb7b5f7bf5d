import { type CommandResult, textOf } from './wrangler.ts'

/** Why Cloudflare or wrangler did not do what it was asked to. */
export type Cause = 'signed-out' | 'no-account' | 'not-permitted' | 'quota' | 'no-network' | 'other'

/** Texts and codes of wrangler 4.155 and of Cloudflare's API. The first that matches counts. */
const CAUSES: readonly (readonly [Exclude<Cause, 'other'>, RegExp])[] = [
  ['no-network', /auth server could not be reached|fetch failed|ENOTFOUND|ECONNREFUSED|ETIMEDOUT/],
  [
    'signed-out',
    /"loggedIn": ?false|not logged in|not authenticated|could not authenticate|auth token has expired|necessary to set a CLOUDFLARE_API_TOKEN|\[code: (?:9109|10001)\]/i,
  ],
  [
    'no-account',
    /More than one account available|Failed to automatically retrieve account IDs|\[code: 7003\]/,
  ],
  ['not-permitted', /\[code: (?:9106|10000|10023)\]/],
  [
    'quota',
    /\[code: (?:10027|10037)\]|(?<!startup )exceeded (?!startup).*limits?|limits? .*(?:reached|exceeded)|maximum number of|quota/i,
  ],
]

export function causeOf(result: CommandResult): Cause {
  const text = textOf(result)
  return CAUSES.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}

/** What ended a deployment or a rollback. */
export type FailedStep =
  | 'account'
  | 'settings'
  | 'example-api'
  | 'upload'
  | 'migrations'
  | 'secrets'
  | 'versions'
  | 'rollback'

const WHAT: Record<FailedStep, string> = {
  account: 'Cloudflare did not say who is signed in.',
  settings: 'The names of the settings could not be read.',
  'example-api': 'The example API was not deployed.',
  upload: 'The upload was refused.',
  migrations: 'The new version is uploaded, but a migration of the database failed.',
  secrets: 'The new version is uploaded, but Cloudflare refused its settings.',
  versions: 'The versions of this environment could not be read.',
  rollback: 'The rollback was refused.',
}

const WHY: Record<Cause, string> = {
  'signed-out': 'You are not signed in to Cloudflare.',
  'no-account': 'It is not clear which Cloudflare account is meant.',
  'not-permitted': 'Your sign-in or API token lacks a permission for this.',
  quota: "A limit of the Cloudflare account or plan is reached; wrangler's lines above name it.",
  'no-network': 'Cloudflare could not be reached.',
  other: "Wrangler's lines above say why.",
}

const NEXT: Record<Cause, string> = {
  'signed-out': 'Run npx wrangler login, or set CLOUDFLARE_API_TOKEN in a pipeline',
  'no-account': 'Set CLOUDFLARE_ACCOUNT_ID to one of the accounts that npx wrangler whoami lists',
  'not-permitted':
    'Compare npx wrangler whoami with the permissions Workers Scripts, Workers KV Storage, D1 and, for a hostname, Workers Routes: each needs Edit',
  quota: 'Remove what is not used, or choose a plan with a higher limit',
  'no-network': 'Check your connection',
  other: 'Correct what they name',
}

/** What is live or changed after a step failed. */
function stateAfter(step: FailedStep, result: CommandResult): string {
  switch (step) {
    case 'account':
    case 'settings':
      return 'Nothing was uploaded or changed.'
    case 'example-api':
      return 'The server was not uploaded.'
    case 'upload':
      // Wrangler prints this line after the version exists, and sets routes and cron triggers afterwards.
      return /^Uploaded /m.test(textOf(result))
        ? 'The new version is uploaded and may be live; its address or its cron triggers may not be set, and no migration was applied.'
        : 'No version was uploaded, and what was live still is. A first deployment may have created its KV namespace or database already.'
    case 'migrations':
      return 'The new version is live. Migrations before the failed one stay applied and the failed one is rolled back; audit events wait in the users’ objects until the tables fit.'
    case 'secrets':
      return 'The new version is live and answers 503 until it has settings; the database is migrated.'
    case 'versions':
      return 'Nothing was changed.'
    case 'rollback':
      return 'Nothing was changed: the current version is still live.'
  }
}

/** How to continue after the cause is removed. */
function commandAfter(step: FailedStep, environment: string): string {
  switch (step) {
    case 'account':
    case 'settings':
    case 'example-api':
    case 'upload':
      return 'then run the same command again.'
    case 'migrations':
      return `then run npx wrangler d1 migrations apply RECORDS --remote --env ${environment}, or npm run rollback -- ${environment} if the new version cannot wait.`
    case 'secrets':
      return `then run npx wrangler secret bulk <file> --env ${environment} and the same command again.`
    case 'versions':
    case 'rollback':
      return 'then run the same command again, or name another version with --to.'
  }
}

/** One paragraph: what failed and why, the state that is left, what to do next. */
export const failureText = (step: FailedStep, environment: string, result: CommandResult): string => {
  const cause = causeOf(result)
  const what = step === 'account' && cause === 'signed-out' ? '' : `${WHAT[step]} `
  return `${what}${WHY[cause]} ${stateAfter(step, result)} ${NEXT[cause]}, ${commandAfter(step, environment)}`
}

const MOST_LINES = 40

/** The end of what a command printed, indented. */
export const endOf = (result: CommandResult): readonly string[] =>
  textOf(result)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-MOST_LINES)
    .map((line) => `  ${line}`)
