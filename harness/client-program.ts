import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { ClientCapabilities, JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { ROOT } from './local/workers.ts'
import { runCommand, type RunningCommand } from './run-command.ts'
import type { Browser } from './browser.ts'
import { signIn } from './sign-in.ts'
import type { User } from './users.ts'

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
const runRemote = (
  { mcpUrl, protocol, callbackPort }: { mcpUrl: string; protocol: string; callbackPort: number },
  home: ClientHome,
): RunningCommand =>
  runClient('mcp-remote', [mcpUrl, String(callbackPort), '--protocol', protocol], home, {
    MCP_REMOTE_CONFIG_DIR: `${home.path}/mcp-auth`,
  })

/** mcp-remote with a desktop application on SDK v1. `overhear` sees each message before the application. */
export function startDesktop(
  server: Parameters<typeof runRemote>[0],
  home: ClientHome,
  capabilities: ClientCapabilities = {},
  overhear?: (message: JSONRPCMessage) => void,
) {
  const program = runRemote(server, home)
  const client = new Client({ name: 'desktop-story', version: '1.0.0' }, { capabilities })
  return {
    client,
    program,
    ready: client.connect(stdioOf(program, overhear)),
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await program[Symbol.asyncDispose]()
    },
  }
}

/** MCP over stdio of a running program (MCP, stdio transport). `overhear` sees each message first. */
function stdioOf(
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

const ADDRESS = /^http\S+\/authorize\?/
const CALLBACK_LISTENS = /OAuth callback server running at/

/** The authorization addresses that mcp-remote has printed. */
export const addressesIn = ({ lines }: RunningCommand): readonly string[] =>
  lines.filter((line) => ADDRESS.test(line))

/**
 * A user opens the nth address that mcp-remote prints, and the login ends on its callback port. For a step-up it prints
 * the address before it listens there, so this waits for both lines.
 */
export async function openPrinted(program: RunningCommand, nth: number, user: User, browser: Browser) {
  const address = await program.line(ADDRESS, nth)
  await program.line(CALLBACK_LISTENS, nth)
  const { stage, page } = await signIn(browser, address, { user })
  if (stage !== 'client') throw new Error(`the login ended at ${stage}`)
  const { text } = await browser.onward(page)
  return { scope: new URL(address).searchParams.get('scope'), text }
}
