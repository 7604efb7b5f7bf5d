/** Every text of a user's own page, for its user. Its messages and the reasons of ends are in account/texts.ts. */

const count = (amount: number, one: string, many: string): string =>
  amount === 1 ? `1 ${one}` : `${amount} ${many}`

export const accountWords = {
  title: 'Apps that can act for you',
  signedIn: 'You are signed in.',
  signedInAs: 'You are signed in as',
  howToConnect: 'How to connect an app',
  none: (apiName: string) => `No app can use the ${apiName} as you now.`,
  some: (clients: number, apiName: string) =>
    `${clients === 1 ? 'One app' : `${clients} apps`} can use the ${apiName} as you, through this server.`,

  published: 'Published by',
  sentTo: 'Access was sent to',
  alsoSentTo: 'access was sent to',
  isLocal: 'this computer',
  listed: (label: string) => `on our list as ${label}`,
  unverified: 'not verified',

  times: (amount: number) => `allowed ${amount} times`,
  may: 'It may',
  nothingYet: 'Nothing yet: it has not picked up its access.',
  allowed: 'Allowed',
  lastUsed: 'Last used',
  sessions: (amount: number) => (amount === 0 ? '.' : `, ${count(amount, 'open session', 'open sessions')}.`),
  end: 'End',
  /** Completes `end` for a screen reader. */
  endOf: 'the access of',
  endAt: 'at',
  endAllowed: 'allowed',

  endAll: 'End all',
  endAllQuestion: 'End all access',
  endAllWarning: (clients: number) =>
    `${clients === 1 ? 'This app stops' : `All ${clients} apps stop`} at once and must ask you again. What you end cannot be brought back.`,

  earlier: 'Earlier',
  more: (amount: number) => `${amount} more`,
  older: (amount: number) => `${count(amount, 'older one is', 'older ones are')} not shown.`,

  leave: 'When you are done',
  signOut: 'Sign out',
  signOutEffect: 'Closes this page. Apps keep their access, and PingOne keeps you signed in.',
  signOutOfPingOne: 'Sign out of PingOne',
  signOutOfPingOneEffect: 'Also ends the access of every app that you allowed in this PingOne session.',

  signIn: 'Sign in',
  signInLead: (apiName: string) =>
    `Sign in to see which apps can use the ${apiName} as you, and to end the access of any of them.`,
  isOver:
    'You were signed out of this page: it was not used for 15 minutes, your sign-in is more than an hour old, or somebody signed out.',
} as const
