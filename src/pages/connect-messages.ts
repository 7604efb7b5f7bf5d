/** Every message page of a login or a step-up, in one place. None has text of a client: that goes to the log. */
import type { MessagePageProps } from './message-page.tsx'

/** Buttons of "try again" after an outage. */
export const AGAIN = { retry: 'Try again', leave: 'Back to your app' } as const

export const outageSentence = 'Your sign-in was not lost. Wait a moment and try again.'

export const loginMessages = {
  broken: 'This server could not finish the sign-in',
  pingOneSilent: 'PingOne is not answering',
  deadLink: {
    title: 'This link does not work',
    sentence:
      'It is not complete, was used already, is too old, or was opened in another browser. Start again from your app.',
  },
  unreadable: {
    title: 'This app could not be checked',
    sentence:
      'This server could not read the page on the internet that says who the app is: it did not answer, or says something else. Try again later. Where this server has no way to that address, let the app register itself instead: for Codex, codex mcp login with --oauth-client-registration dcr; for others, docs/connect.md.',
  },
  describedAt: 'It is described at',
  notAdmitted: {
    title: 'This app is not admitted here',
    sentence:
      'This server answers only apps that are on its list. Nothing was asked of you and nothing was sent. If you need this app, give the number below to the operator of this server: the log names the app, and docs/connect.md says how to admit it.',
  },
  blockedClient: {
    title: 'This app is blocked here',
    sentence:
      'An operator of this server has blocked it for all users. You are signed in at PingOne, and the app got no access. If you need it, give the number below to the operator.',
  },
  /** A rule about the connection itself. */
  noAccess: (denial: RuleWords) => ({
    title: 'You may not use this server',
    sentence: `A rule of this server says so. You are signed in at PingOne, and the app got no access.${opensAt(denial.opensAtMs)} If you need it, ask the operator of this server, and give the number below.`,
    fact: saidByOperator(denial.says),
  }),
  switchedOff: ({ says, untilMs }: SwitchWords) => ({
    title: 'This is switched off at the moment',
    sentence: `An operator of this server has switched it off for you, for this app or for everyone. Nothing was changed, and you can still end access at /me. ${untilMs === null ? 'Try again later.' : `It is on again at ${timeText(untilMs)}.`}`,
    fact: saidByOperator(says),
  }),
  policyUnavailable: 'The rules of this server cannot be read just now',
  unsafeScheme: {
    title: 'This app cannot be answered safely',
    sentence:
      'It wants the answer at an address that any program on your computer can claim. Update the app, or let it sign in over a local port or its website. For the operator of this server: docs/connect.md, Cursor.',
  },
  unknownClient: {
    title: 'This app has to register again',
    sentence:
      'Its registration is not known here: one that is not used within an hour is forgotten. Try once more in a minute. If that does not help, remove this server in the app, add it again, and sign in.',
  },
} as const satisfies Record<string, MessagePageProps | string | ((words: never) => MessagePageProps)>

/** What the operator wrote about a rule, and when it opens. Milliseconds since 1970. */
interface RuleWords {
  says: string | null
  opensAtMs: number | null
}

interface SwitchWords {
  says: string
  untilMs: number | null
}

/** The operator's sentence is a value in a field of its own, never part of ours. If no rule decided, the page gives its own reason. */
const saidByOperator = (says: string | null): { label: string; value: string } =>
  says === null
    ? { label: 'Why', value: 'No rule of this server names you or this app.' }
    : { label: 'The operator says', value: says }

const opensAt = (ms: number | null): string => (ms === null ? '' : ` It opens at ${timeText(ms)}.`)

/** To the minute, in UTC: pages know no time zone. */
const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const stepUpMessages = {
  widened: {
    title: 'The app may do more now',
    sentence: 'Nothing has been done with it yet: the call that asked was stopped. In the app:',
    steps: [
      'Go back to the conversation in which it asked.',
      'Ask for the same again, or write “try again”.',
      'If it still says that it may not, connect this server again in the app’s settings.',
    ],
    next: { label: 'See who can act for you', href: '/me' },
    tone: 'done',
  },
  denied: {
    title: 'The link has ended',
    sentence: 'You said no. The app keeps what it had. You can close this page.',
    tone: 'done',
  },
  notTheirs: {
    title: 'This request is not yours',
    sentence:
      'You signed in as another user than the one whose app asks. Nothing was changed. If somebody sent you this link, do not use it.',
  },
  withheld: {
    title: 'PingOne did not give the permission',
    sentence: 'You did not allow it there, or may not. Nothing was changed.',
  },
  noRole: {
    title: 'The app may not read the audit log',
    sentence:
      'This sign-in did not show that you are in a group that may, or PingOne gave less than the app had. Nothing was changed for the app.',
  },
  noRequest: {
    title: 'This link does not work',
    sentence:
      'It was used, or it is too old. If you still want it, ask your app once more: it gets a new link.',
  },
  formDenied: {
    title: 'This form was not accepted',
    sentence: 'It did not come from the page that this browser opened. Nothing was changed.',
  },
  openAgain: 'Open the request again',
  nothingDecided: {
    title: 'Nothing was changed',
    sentence:
      'You said no. The app keeps what it had, and the link runs out by itself. If the app is yours, you can sign in to end the link now.',
  },
  endLink: 'Sign in and end the link',
} as const satisfies Record<string, MessagePageProps | string>
