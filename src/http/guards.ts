import type { Router } from 'hono/router'
import type { RouterRoute } from 'hono/types'
import { isLoopbackHost } from '#lib/addresses.ts'

/**
 * Answers 421 without a body for another origin than ours (decision 14); null: continue. It runs first, because a Worker
 * answers on every hostname bound to it, and another name would be another issuer. On loopback the body names the
 * correct address.
 * @step tool-call 1 host
 */
export function refuseOtherOrigins(request: Request, publicOrigin: string): Response | null {
  const url = new URL(request.url)
  if (url.origin === publicOrigin) return null
  const isOwnMachine = isLoopbackHost(url.hostname) && isLoopbackHost(new URL(publicOrigin).hostname)
  if (!isOwnMachine) return new Response(null, { status: 421 })
  return new Response(
    `This server is ${publicOrigin}. Use exactly that address: OAuth compares it letter by letter.\n`,
    {
      status: 421,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    },
  )
}

const METHODS = ['GET', 'HEAD', 'POST']

/**
 * Answers 405 for a method that no route of this page names (RFC 9110 §15.5.6); null: continue. Hono alone would run a
 * GET route for HEAD, and answer 404 for the rest.
 */
export function refuseOtherMethods(
  { url, method }: Request,
  { router }: { router: Router<[unknown, RouterRoute]> },
): Response | null {
  const { pathname } = new URL(url)
  const hasRoute = (name: string) =>
    router.match(name, pathname)[0].some(([[, route]]) => route.method === name)
  const allowed = METHODS.filter(hasRoute)
  if (allowed.length === 0 || allowed.includes(method)) return null
  return new Response(null, {
    status: 405,
    headers: { Allow: allowed.join(', '), 'Cache-Control': 'no-store' },
  })
}
