/**
 * Whether a request was addressed to this machine. An emulator has known passwords and an open control API, so
 * it must not answer under a public name, nor under a name that a web page made point here (DNS rebinding).
 */
export function isLoopback(url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
