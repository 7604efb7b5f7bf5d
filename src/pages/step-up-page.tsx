/**
 * Asks a user whether a client may get more scopes. It shows the client like the consent page: the address before the
 * name, untrusted text in named fields only, escaped.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { type AccountClient, type Moment, ScopeList, Time } from './account-clients.tsx'
import { Codes, DecisionButtons, LocalAppWarning, type ScopeSentence, WhoAsks } from './consent-page.tsx'
import { Layout } from './layout.tsx'

export interface StepUpPageProps {
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
  has: readonly ScopeSentence[]
  /** The additional scopes. */
  scopes: readonly ScopeSentence[]
  /** The scopes that we request from PingOne, shown before the redirect as on the consent page. */
  upstreamScopes: readonly string[]
  productName: string
  apiName: string
}

const TITLE = 'May this app do more for you?'

export function StepUpPage(props: StepUpPageProps): JSX.Element {
  const { client, apiName, productName, since } = props
  const redirectHost = client.redirectHost ?? client.domain ?? 'an address that was not kept'
  return (
    <Layout title={TITLE} productName={productName}>
      <WhoAsks client={{ ...client, redirectHost }} address="You gave access to" />
      {client.isLocalApp ? <LocalAppWarning domain={client.domain} /> : null}
      <h1>{TITLE}</h1>
      <p class="lead">
        You allowed it to use the {apiName} on <Time at={since} />. Now it asks for more.
      </p>
      <AskedFrom {...props} />
      <Scopes title="It would also be allowed to" scopes={props.scopes} />
      <Scopes title="It is allowed to already" scopes={props.has} />
      <WhatHappensNext {...props} />
      <form method="post" action={props.action} autocomplete="off">
        <input type="hidden" name="csrf" value={props.csrf} />
        <DecisionButtons caution="Continue only if you asked for this just now. If somebody sent you this link, close this page." />
      </form>
    </Layout>
  )
}

/** Helps a user recognise their own call: a stolen token is used from another network or at another time. */
function AskedFrom({ askedFrom }: StepUpPageProps): JSX.Element | null {
  if (askedFrom.length === 0) return null
  return (
    <section class="next" aria-label="It asked">
      <h2>It asked</h2>
      <ul>
        {askedFrom.map(({ network, at }) => (
          <li>
            from {network === 'unknown' ? 'a network that is not known' : <code>{network}</code>},{' '}
            <Time at={at} />
          </li>
        ))}
      </ul>
      {askedFrom.length === 1 ? null : (
        <p>It asked from more than one network. Deny if one of them is not yours.</p>
      )}
    </section>
  )
}

function Scopes({ title, scopes }: { title: string; scopes: readonly ScopeSentence[] }): JSX.Element {
  return (
    <section class="next" aria-label={title}>
      <h2>{title}</h2>
      <ul>
        <ScopeList scopes={scopes} />
      </ul>
    </section>
  )
}

function WhatHappensNext({ upstreamScopes, until }: StepUpPageProps): JSX.Element {
  return (
    <section class="next" aria-label="What happens next">
      <h2>What happens next</h2>
      <ul>
        <li>
          You sign in with PingOne, as the user who gave this app its access. PingOne will be asked for:{' '}
          <Codes values={upstreamScopes} />
        </li>
        <li>
          The permission counts at once, for everything that holds this app’s access now, and for no longer
          than the rest of it.
        </li>
        <li>
          This page works once, until <Time at={until} />.
        </li>
      </ul>
    </section>
  )
}
