/**
 * Sends a user on after a form, by a link and a refresh. Chromium applies the form's CSP `form-action` to the whole
 * redirect chain, so a redirect to PingOne or to `cursor://` would silently do nothing. The caller validates the URL.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

/** `sign-out`: also PingOne, to end the session there. */
export type Destination = 'pingone' | 'client' | 'sign-out'

export interface ContinuePageProps {
  /** An absolute URL, already validated. */
  to: string
  host: string
  /** With or without its colon: `https`, `cursor:`. */
  scheme: string
  seconds: number
  destination: Destination
}

/**
 * @step login 10 page that leads to PingOne
 */
export function ContinuePage({ to, host, scheme, seconds, destination }: ContinuePageProps): JSX.Element {
  const { title, sentence, way } = WORDS[destination]
  const isApp = destination === 'client' && !/^https?:?$/.test(scheme)
  const place = host === '' ? `${scheme.replace(/:$/, '')}:` : host
  // One spelling for link and refresh. A relative `to` throws, because it is a bug of the caller.
  const href = new URL(to).href
  return (
    <Layout title={title} head={<meta http-equiv="refresh" content={refreshTo(href, seconds)} />}>
      <div class="track" aria-hidden="true" />
      <h1>{title}…</h1>
      <p class="lead">{isApp ? TO_APP : sentence}</p>
      <div class="actions">
        <a class="button primary" href={href}>
          {way} <bdi>{place}</bdi>
        </a>
      </div>
    </Layout>
  )
}

const WORDS: Record<Destination, { title: string; sentence: string; way: string }> = {
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
}
const TO_APP = 'Your browser may ask whether to open the app. You can close this page afterwards.'

/**
 * The content of a meta refresh (HTML, shared declarative refresh steps). Deliberately unquoted: an unquoted URL extends
 * to the end of the attribute, `;`, `'` and spaces included, but a quoted URL ends at the first such quote in it. An
 * absolute URL cannot begin with a quote.
 */
const refreshTo = (href: string, seconds: number): string => `${seconds};url=${href}`
