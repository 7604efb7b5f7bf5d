import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { isPortTaken, portsFrom, requireFreePorts } from '#harness/local/ports.ts'
import { DEFAULT_PORTS, planLocal } from '#harness/local/plan.ts'
import { localWorkers } from '#harness/local/workers.ts'
import { reservePorts } from '#harness/free-ports.ts'

const listenOn = async (port: number, host: string): Promise<AsyncDisposable> => {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(port, host, resolve)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

test.each(['127.0.0.1', '::1'])('a port that is taken on %s alone is taken', async (host) => {
  await using reserved = await reservePorts()
  const { mcp } = reserved.ports
  expect(await isPortTaken(mcp)).toBe(false)
  await using _listener = await listenOn(mcp, host)
  expect(await isPortTaken(mcp)).toBe(true)
})

test('every taken port is named at once, with what to do', async () => {
  await using reserved = await reservePorts()
  const { mcp, pingone } = reserved.ports
  await using _one = await listenOn(mcp, '127.0.0.1')
  await using _other = await listenOn(pingone, '127.0.0.1')
  const keys = { rootKeys: 'k', clientSecret: 's', privateKey: '{}', auditKey: '{}' }
  const workers = localWorkers(planLocal({}, reserved.ports, keys), reserved.ports, 'run')
  await expect(requireFreePorts(workers)).rejects.toThrow(
    `Ports ${mcp}, ${pingone} are taken. End what listens there, or choose others: ` +
      `MCP_PORT=${mcp + 1000} PINGONE_PORT=${pingone + 1000} npm start`,
  )
})

test('ports come from their names, and what is no port is refused', () => {
  expect(portsFrom({ MCP_PORT: '9000' })).toEqual({ ...DEFAULT_PORTS, mcp: 9000 })
  for (const text of ['0', '70000', '87x', '1.5']) {
    expect(() => portsFrom({ TODO_API_PORT: text })).toThrow('TODO_API_PORT must be a port')
  }
})
