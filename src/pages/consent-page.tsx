/**
 * Asks a user whether a client may act for them (decision 8). It checks nothing: the caller bounds and cleans untrusted
 * text, and this page escapes it. Only the question and the plate show it: the name as one bold value in the question
 * (docs/decisions/0010), and below it the address before the name, because the network verifies an address and nobody
 * verifies a name.
 */
import type { Child } from 'hono/jsx'
import type { JSX } from 'hono/jsx/jsx-runtime'
import {
  clientWords,
  consentQuestion,
  consentWords,
  howLong,
  type Lasting,
  TITLES,
} from './connect-words.tsx'
import { type Brand, Layout } from './layout.tsx'

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

/** A scope that a question names: `action` completes “… wants to”. */
export interface AskedScope extends ScopeSentence {
  action: string
}

interface ConsentScope extends AskedScope {
  isFixed: boolean
  isChecked: boolean
}

export interface ConsentPageProps extends Brand {
  handle: string
  client: ConsentClient
  scopes: readonly ConsentScope[]
  /** The scopes that we request from PingOne (MCP Security Best Practices, Consent UI: shown before the redirect). */
  upstreamScopes: readonly string[]
  lasting: Lasting
  apiName: string
}

/**
 * @step login 7 consent page
 */
export function ConsentPage(props: ConsentPageProps): JSX.Element {
  const { client, scopes, apiName, productName, links } = props
  const mayUntick = scopes.some(({ isFixed }) => !isFixed)
  return (
    <Layout title={TITLES.consent} productName={productName} links={links}>
      {/* The form has everything, so that its buttons can stay in view (styles.ts). autocomplete: Firefox would restore
          ticks from an earlier visit, and a user would approve those. */}
      <form method="post" action="/authorize" autocomplete="off">
        <input type="hidden" name="handle" value={props.handle} />
        <h1 class="question">{consentQuestion({ name: client.name, scopes, apiName })}</h1>
        <p class="lead">{consentWords.lead(apiName, mayUntick)}</p>
        <WhoAsks client={client} />
        <ClientWarning client={client} />
        <fieldset>
          <legend>{consentWords.scopes}</legend>
          <ul class="scopes">
            {scopes.map((scope) => (
              <ScopeChoice scope={scope} />
            ))}
          </ul>
        </fieldset>
        <p class="remark">{howLong(props.lasting)}</p>
        <DecisionButtons caution={consentWords.caution} />
        <PingOneFold scopes={scopes} upstreamScopes={props.upstreamScopes} />
        <WhatHappensNext steps={[consentWords.signIn, consentWords.endIt(), consentWords.model]} />
      </form>
    </Layout>
  )
}

/** The client, as address, publisher and name. At most one label is about whether it is known. */
export function WhoAsks({
  client: { name, domain, label, redirectHost },
  address = clientWords.sentTo,
  children,
}: {
  client: ConsentClient
  address?: string
  /** More rows. */
  children?: Child
}): JSX.Element {
  const known = label === null ? null : <span class="tag">{clientWords.listed(label)}</span>
  return (
    <section class="plate" aria-label={clientWords.who}>
      <dl>
        <div class="plate-first">
          <dt>{address}</dt>
          <dd>
            <bdi class="host">{redirectHost}</bdi> {domain === null ? known : null}
          </dd>
        </div>
        {domain === null ? null : (
          <div>
            <dt>{clientWords.published}</dt>
            <dd>
              <bdi class="host">{domain}</bdi> {known}
            </dd>
          </div>
        )}
        <div>
          <dt>{clientWords.name}</dt>
          <dd>
            “<bdi>{name}</bdi>”{' '}
            {domain === null && label === null ? <span class="tag">{clientWords.unverified}</span> : null}
          </dd>
        </div>
        {children}
      </dl>
    </section>
  )
}

/** At most one warning. A local app has the stronger one, a known client with an address of its own has none. */
export function ClientWarning({ client }: { client: ConsentClient }): JSX.Element | null {
  const { domain, label, isLocalApp } = client
  if (isLocalApp) return <LocalAppWarning domain={domain} />
  if (domain !== null || label !== null) return null
  return (
    <div class="notice" role="note">
      <p>{clientWords.registered}</p>
    </div>
  )
}

// MCP 2026-07-28 Authorization, Localhost Redirect URI Risks: a client metadata document proves nothing about the
// process that listens on a local port.
export function LocalAppWarning({ domain }: { domain: string | null }): JSX.Element {
  return (
    <div class="notice" role="note" aria-label={clientWords.local}>
      <p>
        <b class="notice-title">{clientWords.local}.</b> {clientWords.anyProgram(domain)}
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
    <div class="deciding">
      <p class="caution">{caution}</p>
      {/* Deny comes first: Enter presses the first submit button of a form, which must not approve. */}
      <div class="decision armed" role="group" aria-label={caution}>
        <button class="button" name="decision" value="deny">
          {clientWords.deny}
        </button>
        <button class="button primary" name="decision" value="approve">
          {clientWords.approve}
        </button>
      </div>
    </div>
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
          {scope.isFixed ? <span class="scope-facts">{consentWords.fixed}</span> : null}
        </span>
      </label>
    </li>
  )
}

/** The protocol's names, for those who look: ours, and what PingOne will be asked for. */
export function PingOneFold({
  scopes,
  upstreamScopes,
}: {
  scopes: readonly ScopeSentence[]
  upstreamScopes: readonly string[]
}): JSX.Element | null {
  if (upstreamScopes.length === 0) return null
  return (
    <details class="fold">
      <summary>{clientWords.pingOne}</summary>
      <p>
        <Codes values={upstreamScopes} />
      </p>
      <p>
        {clientWords.scopeNames}: <Codes values={scopes.map(({ value }) => value)} />
      </p>
    </details>
  )
}

/** Open where there is room and folded on a phone. Twice in the markup, because no script may open or close it. */
export function WhatHappensNext({ steps }: { steps: readonly Child[] }): JSX.Element {
  const list = (
    <ul>
      {steps.map((step) => (
        <li>{step}</li>
      ))}
    </ul>
  )
  return (
    <>
      <section class="next where-wide" aria-label={clientWords.next}>
        <h2>{clientWords.next}</h2>
        {list}
      </section>
      <details class="fold next where-narrow">
        <summary>{clientWords.next}</summary>
        {list}
      </details>
    </>
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
