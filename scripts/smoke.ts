/**
 * `npm run smoke -- https://mcp.example.com`: asks a running server what clients and browsers ask first, and names what
 * is wrong. Without an address it asks the server of `npm start`. Read-only; it signs nobody in.
 */
import { parseArgs } from 'node:util'
import { isLoopbackHost } from '#lib/addresses.ts'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import { portsFrom } from '#harness/local/ports.ts'
import { findLiveRun } from '#harness/local/run-record.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { reportFindings } from './doctor/finding.ts'
import { runSmoke, type SmokeOptions } from './smoke/run.ts'

const USAGE = `npm run smoke -- [https://mcp.example.com] [--register] [--commit <hex>] [--json]

  --register   also registers a client and opens its consent page
  --commit     the commit that has to be live
  --json       prints the findings as JSON`

interface Request {
  readonly address: string | undefined
  readonly json: boolean
  readonly options: SmokeOptions
}

/** Undefined for wrong use. */
function readRequest(args: readonly string[]): Request | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        register: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        commit: { type: 'string' },
        product: { type: 'string' },
      },
    })
    const { register, json, commit } = values
    const [address] = positionals
    const isGood = positionals.length < 2 && (address === undefined || isOrigin(address))
    const options = { register, ...(commit === undefined ? {} : { commit }) }
    return isGood ? { address, json, options } : undefined
  } catch {
    return undefined // An option that does not exist.
  }
}

/** Https, or http on this machine, and nothing after the port. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, origin } = new URL(text)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
  return isSafe && [origin, `${origin}/`].includes(text)
}

/** The server of `npm start`, else where it would be. */
async function localOrigin(): Promise<string> {
  const run = await findLiveRun(describeStateFolder(DEFAULT_STATE))
  return run?.origin ?? `http://localhost:${portsFrom(process.env).mcp}`
}

async function main(): Promise<number> {
  const request = readRequest(process.argv.slice(2))
  if (request === undefined) {
    console.error(USAGE)
    return 2
  }
  const origin = new URL(request.address ?? (await localOrigin()))
  if (!request.json) console.log(`Asking ${origin.origin}\n`)
  const findings = await runSmoke(origin, request.options)
  return reportFindings(findings, { json: request.json, print: (line) => console.log(line) })
}

process.exitCode = await main()
