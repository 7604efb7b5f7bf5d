import type { Child } from 'hono/jsx'
import type { JSX } from 'hono/jsx/jsx-runtime'

// A data: URL, so that browsers do not request /favicon.ico.
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230b5a52'/%3E%3Cpath d='M5 12.5V8a3 3 0 0 1 6 0v4.5' fill='none' stroke='%23fff' stroke-width='1.8' stroke-linecap='round'/%3E%3C/svg%3E"

/** The product on a page; `logo` is a `data:` URL (the CSP loads nothing from elsewhere). */
export interface Brand {
  productName: string
  links: { support?: string; privacy?: string; terms?: string; logo?: string }
}

export interface LayoutProps extends Partial<Brand> {
  /** Never untrusted text, because the browser's tab and history show it and screen readers read it first. */
  title: string
  /** Default: the title and the product. A message has its title alone, so that the tab shows all of it. */
  tabTitle?: string
  width?: 'narrow' | 'wide'
  /** Additional elements of the head. */
  head?: Child
  children: Child
}

/** The frame of every page: one header, one main, one stylesheet, no script of its own. */
export function Layout({
  title,
  productName,
  links = {},
  tabTitle = productName ? `${title} · ${productName}` : title,
  width = 'narrow',
  head,
  children,
}: LayoutProps): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{tabTitle}</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href="/assets/pages.css" />
        {head}
      </head>
      <body class={width}>
        {productName ? (
          <header class="brand">
            {links.logo === undefined ? (
              <Mark />
            ) : (
              <img class="mark" src={links.logo} alt="" width="24" height="24" />
            )}
            <span>{productName}</span>
          </header>
        ) : null}
        <main>{children}</main>
        <Foot links={links} />
      </body>
    </html>
  )
}

/** Opens in a new tab: a user who reads the terms comes back to an open question. */
function Foot({ links: { support, privacy, terms } }: Pick<Brand, 'links'>): JSX.Element | null {
  const shown = Object.entries({ Support: support, Privacy: privacy, Terms: terms }).flatMap(
    ([label, href]) => (href === undefined ? [] : [{ label, href }]),
  )
  if (shown.length === 0) return null
  return (
    <footer class="foot">
      {shown.map(({ label, href }) => (
        <a href={href} target="_blank" rel="noopener noreferrer">
          {label}
        </a>
      ))}
    </footer>
  )
}

/** Renders a page as the text of a response. */
export function renderPage(page: JSX.Element): string {
  // An async component would print as "[object Promise]"; that is a bug.
  if (page instanceof Promise) throw new Error('A page has to render without waiting')
  return `<!doctype html>${page.toString()}`
}

// A doorway: on the consent page, a tick or a shield would look like an endorsement of the client.
function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="24" height="24" rx="6" />
      <path class="mark-line" d="M7.5 18.5V12a4.5 4.5 0 0 1 9 0v6.5M12 12.5v.1" />
    </svg>
  )
}
