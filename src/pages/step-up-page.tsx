/**
 * Asks a user whether a client may get more scopes. It shows the client like the consent page: its name in the question,
 * and below it the address before the name, with the networks from which it asked. Untrusted text is escaped.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { type AccountClient, type Moment, Time } from './account-clients.tsx'
import { clientWords, stepUpQuestion, stepUpWords, TITLES } from './connect-words.tsx'
import {
  type AskedScope,
  ClientWarning,
  DecisionButtons,
  PingOneFold,
  WhatHappensNext,
  WhoAsks,
} from './consent-page.tsx'
import { type Brand, Layout } from './layout.tsx'

export interface StepUpPageProps extends Brand {
  /** The form's target: this page's own path. */
  action: string
  csrf: string
  client: AccountClient
  /** When the user allowed this client. */
  since: Moment
  /** When this request expires. */
  until: Moment
  /** Networks from which the client asked for it. */
  askedFrom: readonly { network: string; at: Moment }[]
  has: readonly AskedScope[]
  /** The additional scopes. */
  scopes: readonly AskedScope[]
  /** The scopes that we request from PingOne, shown before the redirect as on the consent page. */
  upstreamScopes: readonly string[]
  /** The life of an access token: how long a stolen one could use the permission. */
  tokenMinutes: number
  apiName: string
}

export function StepUpPage(props: StepUpPageProps): JSX.Element {
  const { apiName, productName, links, since, has, scopes } = props
  const { domain, redirectHost } = props.client
  const client = { ...props.client, redirectHost: redirectHost ?? domain ?? clientWords.noAddress }
  return (
    <Layout title={TITLES.stepUp} productName={productName} links={links}>
      <form method="post" action={props.action} autocomplete="off">
        <input type="hidden" name="csrf" value={props.csrf} />
        <h1 class="question">{stepUpQuestion({ name: client.name, scopes, apiName })}</h1>
        <p class="lead">{stepUpWords.lead(has, apiName, <Time at={since} />)}</p>
        <WhoAsks client={client} address={clientWords.gaveTo}>
          <AskedFrom {...props} />
        </WhoAsks>
        <ClientWarning client={client} />
        <section class="next" aria-label={stepUpWords.scopes}>
          <h2>{stepUpWords.scopes}</h2>
          <ul class="scopes listed">
            {scopes.map(({ sentence }) => (
              <li>
                {sentence} <span class="tag new">{stepUpWords.isNew}</span>
              </li>
            ))}
            {has.map(({ sentence }) => (
              <li class="held">
                {sentence} <span class="tag">{stepUpWords.isHeld}</span>
              </li>
            ))}
          </ul>
        </section>
        <p class="remark">{stepUpWords.risk(props.tokenMinutes)}</p>
        <DecisionButtons caution={stepUpWords.caution} />
        <PingOneFold scopes={[...has, ...scopes]} upstreamScopes={props.upstreamScopes} />
        <WhatHappensNext
          steps={[stepUpWords.signIn, stepUpWords.after, stepUpWords.until(<Time at={props.until} />)]}
        />
      </form>
    </Layout>
  )
}

/** Helps a user recognise their own call: a stolen token is used from another network or at another time. */
function AskedFrom({ askedFrom }: StepUpPageProps): JSX.Element | null {
  if (askedFrom.length === 0) return null
  return (
    <div>
      <dt>{clientWords.asked}</dt>
      <dd>
        {askedFrom.map(({ network, at }) => (
          <p>{stepUpWords.askedFrom(network, <Time at={at} />)}</p>
        ))}
        {askedFrom.length === 1 ? null : <p>{stepUpWords.networks}</p>}
      </dd>
    </div>
  )
}
