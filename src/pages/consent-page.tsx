/**
 * Asks a user whether a client may act for them (decision 8). It checks nothing: the caller bounds and cleans untrusted
 * text, and this page escapes it and shows it in named fields only. The address comes before the name, because the
 * network verifies an address and nobody verifies a name.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

export interface ConsentClient {
  name: string
  /** The host of its client ID metadata document; null for a client that registered itself. */
  domain: string | null
  /** Our own name for a known client. Only a label: the user must still decide. */
  label: string | null
  redirectHost: string
  isLocalApp: boolean
}

/** A scope with the product's sentence for users. */
export interface ScopeSentence {
  value: string
  sentence: string
}

interface ConsentScope extends ScopeSentence {
  isFixed: boolean
  isChecked: boolean
}

export interface ConsentPageProps {
  handle: string
  client: ConsentClient
  scopes: readonly ConsentScope[]
  /** The scopes that we request from PingOne (MCP Security Best Practices, Consent UI: shown before the redirect). */
  upstreamScopes: readonly string[]
  staysSignedIn: { idleDays: number; maxDays: number }
  productName: string
  apiName: string
}

/**
 * @step login 7 consent page
 */
export function ConsentPage(props: ConsentPageProps): JSX.Element {
  const { client, apiName, productName } = props
  return (
    <Layout title="May this app act for you?" productName={productName}>
      <WhoAsks client={client} />
      {client.isLocalApp ? <LocalAppWarning domain={client.domain} /> : null}
      <h1>May this app act for you?</h1>
      <p class="lead">
        It would use the {apiName} as you, through this server, with only what you tick here.
      </p>
      {/* autocomplete: Firefox would restore ticks from an earlier visit, and a user would approve those. */}
      <form method="post" action="/authorize" autocomplete="off">
        <input type="hidden" name="handle" value={props.handle} />
        <fieldset>
          <legend>What it may do</legend>
          <ul class="scopes">
            {props.scopes.map((scope) => (
              <ScopeChoice scope={scope} />
            ))}
          </ul>
        </fieldset>
        <WhatHappensNext {...props} />
        <DecisionButtons caution="Continue only if you started this yourself, just now." />
      </form>
    </Layout>
  )
}

export function WhoAsks({
  client,
  address = 'Access will be sent to',
}: {
  client: ConsentClient
  address?: string
}): JSX.Element {
  return (
    <section class="plate" aria-label="Who asks">
      <dl>
        <div class="plate-first">
          <dt>{address}</dt>
          <dd>
            <bdi class="host">{client.redirectHost}</bdi>{' '}
            {client.isLocalApp ? <span class="tag doubt">this computer</span> : null}
          </dd>
        </div>
        {client.domain === null ? null : (
          <div>
            <dt>Published by</dt>
            <dd>
              <bdi class="host">{client.domain}</bdi>
            </dd>
          </div>
        )}
        <div>
          <dt>Calls itself</dt>
          <dd>
            “<bdi>{client.name}</bdi>”{' '}
            {client.domain === null ? <span class="tag doubt">not verified</span> : null}{' '}
            {client.label === null ? null : <span class="tag">on our list as {client.label}</span>}
          </dd>
        </div>
      </dl>
      {client.domain === null && !client.isLocalApp ? (
        <p class="plate-note">
          This app registered itself and chose its own name. Go by the address, not by the name.
        </p>
      ) : null}
    </section>
  )
}

// MCP 2026-07-28 Authorization, Localhost Redirect URI Risks: a client metadata document proves nothing about the
// process that listens on a local port.
export function LocalAppWarning({ domain }: { domain: string | null }): JSX.Element {
  return (
    <div class="notice" role="note" aria-label="This is an app on this computer">
      <p class="notice-title">This is an app on this computer</p>
      <p>
        Any program here could{' '}
        {domain === null ? 'use that name' : <>present the document of {<bdi>{domain}</bdi>}</>} and listen on
        a local port. Nothing on this page proves which one asks.
      </p>
    </div>
  )
}

/**
 * The buttons of a decision, with `caution` before them. The class `armed` (styles.ts) ignores a click or key that began
 * on another page. No element of these pages has an id: a link could scroll to it and place a button at a known position.
 */
export function DecisionButtons({ caution }: { caution: string }): JSX.Element {
  return (
    <>
      <p class="caution">{caution}</p>
      {/* Deny comes first: Enter presses the first submit button of a form, which must not approve. */}
      <div class="decision armed" role="group" aria-label={caution}>
        <button class="button" name="decision" value="deny">
          Deny
        </button>
        <button class="button primary" name="decision" value="approve">
          Approve
        </button>
      </div>
    </>
  )
}

function ScopeChoice({ scope }: { scope: ConsentScope }): JSX.Element {
  return (
    <li>
      <label class="scope">
        {scope.isFixed ? (
          // A disabled box is not submitted, so the hidden field beside it carries the value.
          <>
            <input type="hidden" name="scope" value={scope.value} />
            <input type="checkbox" checked disabled />
          </>
        ) : (
          <input type="checkbox" name="scope" value={scope.value} checked={scope.isChecked} />
        )}
        <span class="scope-text">
          <span>{scope.sentence}</span>
          <span class="scope-facts">
            <code>{scope.value}</code>
            {scope.isFixed ? <span class="tag">always included</span> : null}
          </span>
        </span>
      </label>
    </li>
  )
}

function WhatHappensNext({ upstreamScopes, staysSignedIn }: ConsentPageProps): JSX.Element {
  return (
    <section class="next" aria-label="What happens next">
      <h2>What happens next</h2>
      <ul>
        <li>
          {upstreamScopes.length === 0 ? (
            'You sign in with PingOne.'
          ) : (
            <>
              You sign in with PingOne, which will be asked for: <Codes values={upstreamScopes} />
            </>
          )}
        </li>
        <li>{howLong(staysSignedIn)}</li>
        <li>
          You can see and end it at any time on <a href="/me">your page here</a>.
        </li>
        <li>What the tools return goes to the provider of the AI model you use.</li>
      </ul>
    </section>
  )
}

export const Codes = ({ values }: { values: readonly string[] }): JSX.Element => (
  <span class="codes">
    {values.map((value) => (
      <>
        <code>{value}</code>{' '}
      </>
    ))}
  </span>
)

function howLong({ idleDays, maxDays }: ConsentPageProps['staysSignedIn']): string {
  if (idleDays >= maxDays) return `You stay signed in for ${days(maxDays)} at most.`
  return `You stay signed in for ${days(maxDays)} at most, and no longer than ${days(idleDays)} without use.`
}

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)
