/** The page of an error outside a login: what happened, a number to report, and ways on. It checks nothing. */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { type Brand, Layout } from './layout.tsx'

/** A link. `null` as its address opens the same page again. */
export interface WayOn {
  label: string
  href: string | null
}

export interface ErrorPageProps {
  /** The HTTP status. */
  status: number
  /** Our own text; texts of clients and upstreams go to the log only. */
  title: string
  sentence: string
  /** The first one is the main one. */
  ways: readonly WayOn[]
  /** Also in the log. */
  incident?: string | null
  /** Null where the page must not say whose server this is. */
  brand: Brand | null
}

export function ErrorPage({
  status,
  title,
  sentence,
  ways,
  incident = null,
  brand,
}: ErrorPageProps): JSX.Element {
  return (
    <Layout title={title} {...brand}>
      <p class="error-status">
        Error <strong>{status}</strong>
      </p>
      <h1>{title}</h1>
      <p class="lead">{sentence}</p>
      {ways.length === 0 ? null : (
        <div class="actions">
          {ways.map(({ label, href }, index) => (
            <a class={index === 0 ? 'button primary' : 'button'} href={href ?? ''}>
              {label}
            </a>
          ))}
        </div>
      )}
      {incident === null ? null : (
        <p class="incident">
          If you report this, give this number: <code>{incident}</code>
        </p>
      )}
    </Layout>
  )
}
