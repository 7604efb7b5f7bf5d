import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { ROOT } from '../../scripts/local/workers.ts'
import { runCommand, type RunningCommand } from './run-command.ts'

/** The data folder of third-party clients; removed after the story. */
export interface ClientHome extends Disposable {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
}

/** A home folder without the developer's settings, logins and desktop. */
export function makeClientHome(): ClientHome {
  const path = mkdtempSync(join(tmpdir(), 'mcp-client-'))
  // Prevents browser windows: macOS uses `open`, xdg-open checks BROWSER first.
  writeFileSync(join(path, 'open'), '#!/bin/sh\n', { mode: 0o755 })
  const environment = {
    HOME: path,
    PATH: [path, process.env['PATH'] ?? ''].join(delimiter),
    BROWSER: 'true',
    NO_COLOR: '1',
  }
  return {
    path,
    environment,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** Starts an installed client by its command, never through npx, which could download another version. */
export const runClient = (
  name: 'inspector' | 'mcp-remote',
  parameters: readonly string[],
  home: ClientHome,
  environment: Readonly<Record<string, string>> = {},
): RunningCommand =>
  runCommand(
    process.execPath,
    [join(ROOT, 'node_modules/.bin', name), ...parameters],
    { ...home.environment, ...environment },
    { isAtHome: false },
  )

/**
 * mcp-remote with an explicit callback port. Its default is a hash of the server's address: often an ephemeral port of
 * the system, and the same for two tests of one server, which then wait for each other.
 */
export const runRemote = (
  { mcpUrl, protocol, callbackPort }: { mcpUrl: string; protocol: string; callbackPort: number },
  home: ClientHome,
): RunningCommand =>
  runClient('mcp-remote', [mcpUrl, String(callbackPort), '--protocol', protocol], home, {
    MCP_REMOTE_CONFIG_DIR: `${home.path}/mcp-auth`,
  })

/** MCP over stdio of a running program (MCP, stdio transport). `overhear` sees each message first. */
export function stdioOf(
  { child }: RunningCommand,
  overhear: (message: JSONRPCMessage) => void = () => {},
): Transport {
  const received = new ReadBuffer()
  const transport: Transport = {
    start: async () => {
      child.stdout.on('data', (chunk: Buffer) => {
        received.append(chunk)
        for (let message = received.readMessage(); message !== null; message = received.readMessage()) {
          overhear(message)
          transport.onmessage?.(message)
        }
      })
      child.once('close', () => transport.onclose?.())
    },
    send: async (message) => void child.stdin.write(serializeMessage(message)),
    close: async () => void child.stdin.end(),
  }
  return transport
}
