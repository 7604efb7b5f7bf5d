import { createServer, type Server } from 'node:net'
import type { Ports } from './local/plan.ts'
import { isPortTaken } from './local/ports.ts'

/** Reserved ports until they are released. */
interface ReservedPorts extends AsyncDisposable {
  readonly ports: Ports
}

// Below the ephemeral range, so that no outgoing connection takes one.
const FIRST = 20_000
const BLOCKS = 2_500
const BLOCK_SIZE = 4

/**
 * Reserves a block of ports without a race: the first port stays open as long as the block is in use, so no
 * other test process takes the same block between check and start.
 */
export async function reservePorts(): Promise<ReservedPorts> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = FIRST + BLOCK_SIZE * Math.floor(Math.random() * BLOCKS)
    const ports = { mcp: first + 1, api: first + 2, pingone: first + 3 }
    const claim = await hold(first)
    if (claim === undefined) continue
    const taken = await Promise.all(Object.values(ports).map(isPortTaken))
    if (!taken.includes(true)) return { ports, [Symbol.asyncDispose]: () => release(claim) }
    await release(claim)
  }
  throw new Error('no free block of ports')
}

const hold = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
    server.unref()
  })

const release = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
  })
