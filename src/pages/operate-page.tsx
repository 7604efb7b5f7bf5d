/** The sign-in of the command line: the page that asks before it, and the messages after it. Their reader is an operator. */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { DecisionButtons, WhatHappensNext } from './consent-page.tsx'
import { type Brand, Layout } from './layout.tsx'
import type { MessagePageProps } from './message-page.tsx'

export interface OperatePageProps extends Brand {
  /** The form's target: this page's own path and query. */
  action: string
  csrf: string
  /** The code that the terminal shows too. */
  checkCode: string
  apiName: string
}

const words = {
  title: 'Sign in the command line?',
  lead: 'The command npm run operate on this computer asks to act in your name on this server, for 15 minutes.',
  code: 'The terminal shows this code',
  roles: 'What it can do, depending on your groups',
  viewer: 'See users, their apps and sessions, and who did what.',
  operator: 'End access, block users and apps, and erase a user.',
  auditor: 'Read protected arguments and reasons, export the audit log, and mark sessions as audited.',
  record: 'Every act needs a reason and is on record under your name before it takes effect.',
  noApi: (apiName: string) => `It gets no access to the ${apiName}.`,
  caution: 'Continue only if you have just run it, and the terminal shows this code.',
  signIn: 'PingOne asks you to sign in, even if it knows this browser.',
  back: 'Then your browser returns to the command on this computer.',
} as const

export function OperatePage({ action, csrf, checkCode, apiName, ...brand }: OperatePageProps): JSX.Element {
  return (
    <Layout title={words.title} {...brand}>
      <form method="post" action={action} autocomplete="off">
        <input type="hidden" name="csrf" value={csrf} />
        <h1 class="question">{words.title}</h1>
        <p class="lead">{words.lead}</p>
        <section class="plate" aria-label={words.code}>
          <dl>
            <div class="plate-first">
              <dt>{words.code}</dt>
              <dd>
                <span class="host">{checkCode}</span>
              </dd>
            </div>
          </dl>
        </section>
        <section class="next" aria-label={words.roles}>
          <h2>{words.roles}</h2>
          <ul class="scopes listed">
            {[words.viewer, words.operator, words.auditor].map((line) => (
              <li>{line}</li>
            ))}
          </ul>
        </section>
        <p class="remark">
          {words.record} {words.noApi(apiName)}
        </p>
        <DecisionButtons caution={words.caution} />
        <WhatHappensNext steps={[words.signIn, words.back]} />
      </form>
    </Layout>
  )
}

export const operateMessages = {
  badRequest: {
    title: 'This link does not work',
    sentence: 'It is not complete, or it is not from the command line of this server. Run the command again.',
  },
  formDenied: {
    title: 'This form was not accepted',
    sentence: 'It did not come from the page that this browser opened. Nothing was changed.',
  },
  openAgain: 'Open the page again',
  noRole: {
    title: 'You may not operate this server',
    sentence:
      'PingOne knows you, and none of your groups has a role here. The number below is in the log of this server.',
  },
  stale: {
    title: 'PingOne did not ask you to sign in again',
    sentence:
      'The command line needs a sign-in of the last five minutes. Sign out of PingOne, and run the command again.',
  },
} as const satisfies Record<string, MessagePageProps | string>
