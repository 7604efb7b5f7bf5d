/** The texts of the flow's pages, for users. The company has no name of its own, so that any product can use it. */
export const words = {
  company: 'Example Company',
  foot: 'PingOne emulator, for development only',
  signOn: 'Sign on',
  signOnLead: 'Use your Example Company account.',
  register: 'Register',
  registerLead: 'Create an account. It exists in this emulator only.',
  reset: 'Reset your password',
  setPassword: 'Set new password',
  consent: 'Allow access?',
  signedOff: 'Signed off',
  signedOffLead: 'You are signed off. You can close this page.',
  error: 'Something went wrong',
  errorLead: 'Start again from your application.',
  bug: 'Bug in the emulator',
} as const

/** What a form says after it was sent. */
export interface Notice {
  tone: 'problem' | 'done'
  text: string
}

const problem = (text: string): Notice => ({ tone: 'problem', text })

export const notices = {
  wrongPassword: problem('Username or password is not right.'),
  usernameTaken: problem('That username is taken.'),
  noSuchAccount: problem('Username and e-mail do not belong together.'),
  badUsername: problem('A username has letters, digits, dots, dashes; at most 64.'),
  badEmail: problem('That is no e-mail address.'),
  badPassword: problem('A password has 4 to 200 characters.'),
  passwordChanged: { tone: 'done', text: 'The password is changed. Sign on with it.' },
} as const satisfies Record<string, Notice>
