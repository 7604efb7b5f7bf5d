import { createMiddleware } from 'hono/factory'

/**
 * For pages that nobody has a reason to open and hold on to: the window that opened one has no hold on it afterwards
 * (HTML, cross-origin opener policies), and so cannot navigate it between two clicks. The pages of a login are not among
 * them: a web client waits for its popup to come home (pages/page-headers.ts).
 */
export const cutOpener = createMiddleware(async (c, next) => {
  await next()
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
})
