import { portsFrom } from '#harness/local/ports.ts'
import { findLiveRun } from '#harness/local/run-record.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The origin of the server: the named one, that of MCP_PORT, what runs on the state folder, or the default. */
export async function originOf(
  server: string | undefined,
  state: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (server !== undefined) return readOrigin(server)
  const isPortGiven = (environment['MCP_PORT'] ?? '') !== ''
  const run = isPortGiven ? undefined : await findLiveRun(describeStateFolder(state))
  return run?.origin ?? `http://localhost:${portsFrom(environment).mcp}`
}

/** The operator's token goes there, so only TLS or this machine is accepted. */
function readOrigin(server: string): string {
  const url = URL.parse(server)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))
  if (url === null || !isSafe || url.username !== '' || url.pathname !== '/' || url.search !== '')
    throw new StartProblem(
      '--server takes an origin, like https://mcp.example.com. Only localhost may be http.',
    )
  return url.origin
}

export const isLocal = (origin: string): boolean => LOOPBACK.includes(new URL(origin).hostname)
