import { createMiddleware } from 'hono/factory'

/**
 * Cuts the link to the window that opened a page (HTML, cross-origin opener policies), so that it cannot navigate the
 * page between two clicks. Not for the pages of a login: a web client waits for its popup (pages/page-headers.ts).
 */
export const cutOpener = createMiddleware(async (c, next) => {
  await next()
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
})
