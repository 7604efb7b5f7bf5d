import { parseArgs } from 'node:util'
import type { AuditPublicKey } from '#audit/list-proof.ts'
import { verifyLog } from '#audit/verify.ts'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { runOperate } from '../operate/run.ts'
import { openLocalDatabase, RemoteAuditDatabase, wranglerOf } from './databases.ts'
import { findEvents } from './find.ts'
import { FIND_OPTIONS, joinDashedValues, readFindRequest } from './find-options.ts'
import { openExport, readHead, writeExport, writeHead } from './files.ts'
import { readKeyFile, readLocalKey } from './key.ts'
import { reportLines, statusLines } from './report.ts'
import { SqlAuditLog } from './sql-log.ts'

const USAGE = `Accepted forms:
  npm run audit -- verify [source] [--head <file>] [--key <file>]
  npm run audit -- status [source]
  npm run audit -- export [source] --out <file>
  npm run audit -- head [source] --out <file>
  npm run audit -- key [--state <folder> | --key <file>]
  npm run audit -- find [source] [--user <name>] [--client <id>] [--tool <name>] [--outcome <outcome>]
    [--type <type of event>] [--session <hash>] [--transaction <id>] [--from <time>] [--to <time>] [--tz <zone>]
    [--format table|jsonl|csv] [--limit <number>] [--newest]
  npm run audit -- reveal <event> --reason <text>
One source: --state <folder> (default ${DEFAULT_STATE}), --file <export>, or --env <environment>.
With --file and --env, --key <file> names the public key (JWK) that verify needs.`

function readCommand(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: joinDashedValues(args),
      allowPositionals: true,
      options: {
        state: { type: 'string' },
        file: { type: 'string' },
        env: { type: 'string' },
        head: { type: 'string' },
        key: { type: 'string' },
        out: { type: 'string' },
        product: { type: 'string' },
        user: { type: 'string' },
        client: { type: 'string' },
        tool: { type: 'string' },
        outcome: { type: 'string' },
        type: { type: 'string' },
        session: { type: 'string' },
        transaction: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        tz: { type: 'string' },
        format: { type: 'string' },
        limit: { type: 'string' },
        newest: { type: 'boolean' },
      },
    })
    return { options: values, positionals }
  } catch (error) {
    throw new StartProblem(`${error instanceof Error ? error.message.split('. ')[0] : 'unclear'}.\n${USAGE}`)
  }
}

type Print = (line: string) => void
type Options = ReturnType<typeof readCommand>['options']
const wrong = (sentence: string) => new StartProblem(`${sentence}\n${USAGE}`)

const COMMANDS = {
  verify: { run: verify, options: ['state', 'file', 'env', 'head', 'key'] },
  status: { run: status, options: ['state', 'file', 'env'] },
  export: { run: exportLog, options: ['state', 'file', 'env', 'out'] },
  head: { run: head, options: ['state', 'file', 'env', 'out'] },
  key: { run: key, options: ['state', 'key'] },
  find: { run: find, options: ['state', 'file', 'env', ...FIND_OPTIONS] },
} as const satisfies Record<
  string,
  {
    run: (options: Options, print: Print, say: Print) => Promise<number>
    options: readonly (keyof Options)[]
  }
>

/** Runs one command and returns its exit code. Throws a StartProblem for wrong use. */
export async function runAudit(
  args: readonly string[],
  print: Print,
  say: Print = () => {},
): Promise<number> {
  // The server opens personal fields, on record, so it is a command of operators.
  if (args[0] === 'reveal') return runOperate(args, { print, say })
  const { options, positionals } = readCommand(args)
  const [name = '', ...others] = positionals
  const command = Object.entries(COMMANDS).find(([known]) => known === name)?.[1]
  if (command === undefined || others.length > 0)
    throw wrong('One command: verify, find, status, export, head, key or reveal.')
  const taken: readonly string[] = [...command.options, 'product']
  const unknown = Object.keys(options).find((option) => !taken.includes(option))
  if (unknown !== undefined) throw wrong(`${name} does not take --${unknown}.`)
  const sources = [options.state, options.file, options.env].filter((source) => source !== undefined)
  if (sources.length > 1) throw wrong('One source: --state, --file or --env.')
  return command.run(options, print, say)
}

async function openLog({ state = DEFAULT_STATE, file, env }: Options): Promise<SqlAuditLog> {
  if (file !== undefined) return openExport(file)
  const database =
    env === undefined
      ? openLocalDatabase(describeStateFolder(state))
      : new RemoteAuditDatabase(wranglerOf(env))
  return new SqlAuditLog(database, { isWhole: true })
}

function keysFor({ state = DEFAULT_STATE, file, env, key: path }: Options): readonly AuditPublicKey[] {
  if (path !== undefined) return readKeyFile(path)
  if (file !== undefined || env !== undefined)
    throw wrong('verify needs the public key: npm run audit -- key prints it, --key <file> names it.')
  return readLocalKey(state)
}

async function verify(options: Options, print: Print): Promise<number> {
  const keys = keysFor(options)
  const kept = options.head === undefined ? {} : { head: await readHead(options.head) }
  using log = await openLog(options)
  const report = await verifyLog(log, { keys, ...kept })
  for (const line of reportLines(report)) print(line)
  return report.findings.length === 0 ? 0 : 1
}

async function find(options: Options, print: Print, say: Print): Promise<number> {
  const request = readFindRequest(options, Date.now())
  const { state = DEFAULT_STATE, file, env } = options
  using log = await openLog(options)
  await findEvents(log.questions, request, file === undefined && env === undefined ? state : null, print, say)
  return 0
}

async function status(options: Options, print: Print): Promise<number> {
  using log = await openLog(options)
  const since = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString().slice(0, 13)
  for (const line of statusLines(await log.status(since))) print(line)
  return 0
}

const outOf = ({ out }: Options): string => {
  if (out === undefined) throw wrong('--out <file> names the file to write.')
  return out
}

async function exportLog(options: Options, print: Print): Promise<number> {
  const out = outOf(options)
  using log = await openLog(options)
  const lines = await writeExport(log, out, new Date().toISOString())
  print(`${out} (mode 0600): ${lines} lines`)
  return 0
}

async function head(options: Options, print: Print): Promise<number> {
  const out = outOf(options)
  using log = await openLog(options)
  const { n, at } = await writeHead(log, out)
  print(`${out} (mode 0600): signed head ${n} of ${at}. Keep it outside the account.`)
  return 0
}

async function key({ state = DEFAULT_STATE, key: path }: Options, print: Print): Promise<number> {
  const keys = path === undefined ? readLocalKey(state) : readKeyFile(path)
  const [only, ...others] = keys
  print(JSON.stringify(others.length === 0 ? only : { keys }))
  return 0
}
