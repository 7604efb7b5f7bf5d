/**
 * Every text for a user who connects a client or allows it more: the consent page, the step-up page, the pages between
 * them, and what they say when something fails. The product's words and strangers' text arrive as values.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { boundedText } from '#lib/bounded-text.ts'

/** A title never has text of a client: the browser's tab and history show it. */
export const TITLES = {
  consent: 'May this app act for you?',
  stepUp: 'May this app do more for you?',
} as const

// The plate below the question shows the whole name.
const MAX_NAME_IN_QUESTION = 40
const MAX_ACTIONS_IN_QUESTION = 3

const Name = ({ name }: { name: string }): JSX.Element => (
  <strong>
    <bdi>{boundedText(name, MAX_NAME_IN_QUESTION)}</bdi>
  </strong>
)

/** Joins `read your notes` and `change your notes` to `read and change your notes`. */
export function joinActions(actions: readonly string[]): string {
  const phrases = actions.map((action) => action.split(' '))
  const [first] = phrases
  if (first === undefined) return ''
  const isShared = (count: number) =>
    phrases.every((words) => words.length > count && words.at(-count) === first.at(-count))
  let shared = 0
  while (isShared(shared + 1)) shared += 1
  // A single word in common, like "page", is not what both are about.
  if (shared === 1) shared = 0
  const heads = phrases.map((words) => words.slice(0, words.length - shared).join(' '))
  const last = heads.pop() ?? ''
  const list = heads.length === 0 ? last : `${heads.join(', ')} and ${last}`
  return [list, ...first.slice(first.length - shared)].join(' ')
}

/** The actions of scopes in one phrase, or a shorter one when there are many. */
const actionsOf = (scopes: readonly { action: string }[], apiName: string): string =>
  scopes.length === 0 || scopes.length > MAX_ACTIONS_IN_QUESTION
    ? `use the ${apiName} for you`
    : joinActions(scopes.map(({ action }) => action))

interface QuestionFacts {
  name: string
  scopes: readonly { action: string }[]
  apiName: string
}

export const consentQuestion = ({ name, scopes, apiName }: QuestionFacts): JSX.Element => (
  <>
    <Name name={name} /> wants to {actionsOf(scopes, apiName)}
  </>
)

export const stepUpQuestion = ({ name, scopes, apiName }: QuestionFacts): JSX.Element => (
  <>
    Allow <Name name={name} /> to {actionsOf(scopes, apiName)}?
  </>
)

export const consentWords = {
  lead: (apiName: string, mayUntick: boolean) =>
    `It acts as you in the ${apiName}${mayUntick ? ', with what you leave ticked' : ''}.`,
  scopes: 'What it may do',
  fixed: 'always included',
  endIt: () => (
    <>
      You can see and end this access at any time on <a href="/me">your page here</a>.
    </>
  ),
  caution: 'Continue only if you started this yourself, just now.',
  model: 'What the tools return goes to the provider of the AI model you use.',
  signIn: 'You sign in with PingOne. Then your browser returns to the app.',
} as const

export const stepUpWords = {
  /** `has`: what the client may do already. */
  lead: (has: readonly { action: string }[], apiName: string, since: JSX.Element) => (
    <>
      You allowed it to {actionsOf(has, apiName)} on {since}. Now it asks for more. If somebody sent you this
      link, close this page.
    </>
  ),
  askedFrom: (network: string, at: JSX.Element) => (
    <>
      from {network === 'unknown' ? 'a network that is not known' : <code>{network}</code>}, {at}
    </>
  ),
  scopes: 'What it may do',
  isNew: 'new',
  isHeld: 'it has this already',
  networks: 'It asked from more than one network. Deny if one of them is not yours.',
  /** The risk that remains (decision 22). */
  risk: (minutes: number) =>
    `The permission counts at once, for everything that holds this app’s access. Someone who has stolen a copy of it could use the permission too, for at most ${count(minutes, 'minute')}.`,
  signIn: 'You sign in with PingOne, as the user who gave this app its access.',
  after: 'Then you go back to the app and ask again for what you wanted.',
  until: (time: JSX.Element) => <>This page works once, until {time}.</>,
  caution: 'Continue only if you asked for this just now.',
} as const

/** The scope of the server itself (lib/roles.ts), beside those of the product. */
export const auditScopeWords = {
  sentence: 'Read the audit log of all users, for one hour after your sign-in',
  action: 'read the audit log of all users for one hour',
} as const

/** Labels that both pages share. */
export const clientWords = {
  who: 'Who asks',
  sentTo: 'Access will be sent to',
  gaveTo: 'You gave access to',
  noAddress: 'an address that was not kept',
  published: 'Published by',
  name: 'Calls itself',
  asked: 'It asked',
  unverified: 'not verified',
  listed: (label: string) => `on our list as ${label}`,
  local: 'This is an app on this computer',
  anyProgram: (domain: string | null) => (
    <>
      Any program here could{' '}
      {domain === null ? (
        'use that name'
      ) : (
        <>
          present the document of <bdi>{domain}</bdi>
        </>
      )}{' '}
      and listen on a local port. Nothing on this page proves which one asks.
    </>
  ),
  registered: 'This app registered itself and chose its own name. Go by the address, not by the name.',
  next: 'What happens next',
  deny: 'Deny',
  approve: 'Approve',
  pingOne: 'What PingOne will be asked for',
  scopeNames: 'Names of these permissions here',
} as const

export interface Lasting {
  idleDays: number
  maxDays: number
  /** After how long without use PingOne ends its session; null: not known. */
  pingOneIdleHours: number | null
}

/** How long access lasts: no access outlasts PingOne's own session. */
export function howLong({ idleDays, maxDays, pingOneIdleHours }: Lasting): string {
  const most = count(maxDays, 'day')
  const idle = idleDays >= maxDays ? '' : `, and ends after ${count(idleDays, 'day')} without use`
  if (pingOneIdleHours === null)
    return `Access lasts up to ${most}${idle}. PingOne may end it sooner, by default after 12 hours without use.`
  if (pingOneIdleHours < Math.min(idleDays, maxDays) * 24)
    return `Access ends with your session at PingOne, after ${hours(pingOneIdleHours)} without use, and after ${most} at most.`
  return `Access lasts up to ${most}${idle}. It ends sooner if your session at PingOne does.`
}

const count = (amount: number, unit: string): string => (amount === 1 ? `1 ${unit}` : `${amount} ${unit}s`)
const hours = (amount: number): string =>
  amount % 24 === 0 ? count(amount / 24, 'day') : count(amount, 'hour')

/** The pages that lead on to another site. `sign-out`: to PingOne, to end the session there. */
export const continueWords = {
  pingone: {
    title: 'Taking you to PingOne',
    sentence: 'Sign in there. Afterwards you come back here.',
    way: 'Continue to',
  },
  'sign-out': {
    title: 'Signing you out of PingOne',
    sentence: 'What you allowed in this PingOne session has ended here. PingOne ends its own part now.',
    way: 'Continue to',
  },
  client: {
    title: 'Taking you back to your app',
    sentence: 'Your decision is on its way. Nothing more is needed here.',
    way: 'Back to',
  },
  'command-line': {
    title: 'Taking you back to the command line',
    sentence: 'It goes on in the terminal. You can close this page afterwards.',
    way: 'Back to',
  },
} as const
/** For a client that is no web page. */
export const TO_APP = 'Your browser may ask whether to open the app. You can close this page afterwards.'
