import { spawn } from 'node:child_process'

/** Opens an address in the user's browser, if there is one. The address is printed anyway. */
export function openBrowser(address: string): void {
  const [command, ...parameters] = openerOf(process.platform, address)
  const child = spawn(command, parameters, { stdio: 'ignore', detached: true })
  child.once('error', () => {}) // Not every machine has an opener.
  child.unref()
}

/** The address is one argument and never goes through a shell. */
export function openerOf(platform: NodeJS.Platform, address: string): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open', address]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', address]
  return ['xdg-open', address]
}
