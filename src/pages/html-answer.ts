import type { JSX } from 'hono/jsx/jsx-runtime'
import { renderPage } from './layout.tsx'
import { pageHeaders } from './page-headers.ts'

/** A page with its security headers; `headers` adds others, for example cookies. */
export function htmlAnswer(
  page: JSX.Element,
  {
    isHttps,
    isScrolledByAddress = false,
    status = 200,
    headers = new Headers(),
  }: { isHttps: boolean; isScrolledByAddress?: boolean; status?: number; headers?: Headers },
): Response {
  for (const [name, value] of Object.entries(pageHeaders({ isHttps, isScrolledByAddress })))
    headers.set(name, value)
  return new Response(renderPage(page), { status, headers })
}
