/**
 * Sends a user on after a form, by a link and a refresh. Chromium applies the form's CSP `form-action` to the whole
 * redirect chain, so a redirect to PingOne or to `cursor://` would silently do nothing. The caller validates the URL.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { continueWords, TO_APP } from './connect-words.tsx'
import { type Brand, Layout } from './layout.tsx'

export type Destination = keyof typeof continueWords

export interface ContinuePageProps extends Partial<Brand> {
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
export function ContinuePage({
  to,
  host,
  scheme,
  seconds,
  destination,
  ...brand
}: ContinuePageProps): JSX.Element {
  const { title, sentence, way } = continueWords[destination]
  const isApp = destination === 'client' && !/^https?:?$/.test(scheme)
  const place = host === '' ? `${scheme.replace(/:$/, '')}:` : host
  // One spelling for link and refresh. A relative `to` throws, because it is a bug of the caller.
  const href = new URL(to).href
  return (
    <Layout
      title={title}
      tabTitle={title}
      head={<meta http-equiv="refresh" content={refreshTo(href, seconds)} />}
      {...brand}
    >
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

/**
 * The content of a meta refresh (HTML, shared declarative refresh steps). Deliberately unquoted: an unquoted URL extends
 * to the end of the attribute, `;`, `'` and spaces included, but a quoted URL ends at the first such quote in it. An
 * absolute URL cannot begin with a quote.
 */
const refreshTo = (href: string, seconds: number): string => `${seconds};url=${href}`
