import { isLoopbackHost } from '#lib/addresses.ts'

/**
 * The first thing that happens to a request (decision 14): a Worker answers on every hostname that is bound to it,
 * and an answer under another name would be another issuer. 421 without a body, on every path. On one's own machine
 * the user who typed 127.0.0.1 is told the spelling that works.
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
