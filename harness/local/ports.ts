import { createServer } from 'node:net'
import { DEFAULT_PORTS, type Ports } from './plan.ts'
import type { GivenSettings } from './settings.ts'
import { StartProblem } from './start-problem.ts'
import type { Worker } from './workers.ts'

// `localhost` is one of these or both, by machine: a stranger on either would get half of the requests.
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'] as const

const SET_BY = { mcp: 'MCP_PORT', api: 'TODO_API_PORT', pingone: 'PINGONE_PORT' } as const

export const portsFrom = (given: GivenSettings): Ports => ({
  mcp: readPort(given, 'MCP_PORT') ?? DEFAULT_PORTS.mcp,
  api: readPort(given, 'TODO_API_PORT') ?? DEFAULT_PORTS.api,
  pingone: readPort(given, 'PINGONE_PORT') ?? DEFAULT_PORTS.pingone,
})

function readPort(given: GivenSettings, name: string): number | undefined {
  const text = given[name]
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartProblem(`${name} must be a port, a number from 1 to 65535.`)
}

export async function requireFreePorts(workers: readonly Worker[]): Promise<void> {
  const taken = []
  for (const worker of workers) if (await isPortTaken(worker.port)) taken.push(worker)
  if (taken.length === 0) return
  const ports = taken.map((worker) => worker.port)
  const another = taken.map((worker) => `${SET_BY[worker.name]}=${worker.port + 1000}`)
  throw new StartProblem(
    `${ports.length === 1 ? 'Port' : 'Ports'} ${ports.join(', ')} ${ports.length === 1 ? 'is' : 'are'} taken. ` +
      `End what listens there, or choose others: ${another.join(' ')} npm start`,
  )
}

export async function isPortTaken(port: number): Promise<boolean> {
  for (const address of LOOPBACK_ADDRESSES) {
    if (!(await canListen(address, port))) return true
  }
  return false
}

/** An address that this machine does not have counts as free: nobody can listen there either. */
const canListen = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve('code' in error && error.code !== 'EADDRINUSE'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
