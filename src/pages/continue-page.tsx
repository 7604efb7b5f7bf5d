/**
 * Takes a person onward after our consent form was posted. A page and not a redirect: Chromium applies the form's CSP
 * `form-action` to the whole redirect chain, so a redirect to PingOne, or to `cursor://`, would silently do nothing.
 * It does not judge where it leads: the caller passes only what it has validated.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

export type ContinuePageProps = {
  /** An absolute URL, already validated. */
  to: string
  host: string
  /** With or without its colon: `https`, `cursor:`. */
  scheme: string
  seconds: number
  destination: 'pingone' | 'client'
}

export function ContinuePage({ to, host, scheme, seconds, destination }: ContinuePageProps): JSX.Element {
  const isWeb = /^https?:?$/.test(scheme)
  const place = host === '' ? `${scheme.replace(/:$/, '')}:` : host
  // One spelling for the link and for the refresh; throws when `to` is not absolute, which is a bug of the caller.
  const href = new URL(to).href
  return (
    <Layout
      title={destination === 'pingone' ? 'Taking you to PingOne' : 'Taking you back to your app'}
      head={<meta http-equiv="refresh" content={refreshTo(href, seconds)} />}
    >
      <div class="track" aria-hidden="true" />
      <h1>{destination === 'pingone' ? 'Taking you to PingOne…' : 'Taking you back to your app…'}</h1>
      <p class="lead">
        {destination === 'pingone'
          ? 'Sign in there. Afterwards you come back here.'
          : isWeb
            ? 'Your decision is on its way. Nothing more is needed here.'
            : 'Your browser may ask whether to open the app. You can close this page afterwards.'}
      </p>
      <div class="actions">
        <a class="button primary" href={href}>
          {destination === 'pingone' ? 'Continue to ' : 'Back to '}
          <bdi>{place}</bdi>
        </a>
      </div>
    </Layout>
  )
}

/**
 * The content of a meta refresh (HTML, shared declarative refresh steps). Unquoted on purpose: an unquoted URL runs to
 * the end of the attribute, `;`, `'` and spaces included, while a quoted one ends at the first such quote inside it.
 * That needs a URL which does not itself begin with a quote, and an absolute one begins with its scheme.
 */
function refreshTo(href: string, seconds: number): string {
  return `${seconds};url=${href}`
}
