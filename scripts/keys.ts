/**
 * `npm run keys`: manages the signing key for PingOne (MCP_SERVER_PRIVATE_KEY), root keys, the key of the audit log and the
 * secret of webhooks. It prints public parts only; private parts go to a file that only its owner can read.
 */
import { parseArgs } from 'node:util'
import { readRootKeys } from '#lib/root-keys.ts'
import { readSigningKeys } from '#lib/signing-keys.ts'
import { makeAuditKey } from './keys/audit-key.ts'
import { makeWebhookSecret } from './keys/webhook-secret.ts'
import { ACTS, formatKeySet, MAX_SECRET_BYTES, readKeySet, withNewRootKey } from './keys/key-set.ts'
import { readPrivateFile, writePrivateFile } from '#harness/local/private-file.ts'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'

const flag = { type: 'boolean', default: false } as const
const { values: options } = parseArgs({
  options: {
    next: flag,
    swap: flag,
    first: flag,
    drop: flag,
    root: flag,
    audit: flag,
    webhook: flag,
    file: { type: 'string', default: 'client-keys.json' },
    'root-file': { type: 'string', default: 'root-keys.txt' },
    'audit-file': { type: 'string', default: 'audit-key.json' },
    'webhook-file': { type: 'string', default: 'webhook-secret.txt' },
  },
})

function main(): void {
  const steps = ['next', 'swap', 'first', 'drop', 'root', 'audit', 'webhook'] as const
  const asked = steps.filter((name) => options[name])
  if (asked.length > 1)
    throw new StartProblem(
      'One step at a time: --next, --swap, --first, --drop, --root, --audit or --webhook.',
    )
  const [act = 'make'] = asked
  if (act === 'root') return makeRootKey(options['root-file'])
  if (act === 'audit') return makeAuditKey(options['audit-file'])
  if (act === 'webhook') return makeWebhookSecret(options['webhook-file'])
  const { file } = options
  const kept = readPrivateFile(file)
  if (act === 'make' && kept !== undefined)
    throw new StartProblem(`${file} is there already: --next adds a key to it (docs/operate/rotate.md).`)
  if (act !== 'make' && kept === undefined)
    throw new StartProblem(`${file} is not there: npm run keys, without more, makes it.`)
  const before = kept === undefined ? { keys: [] } : readKeySet(kept, file)
  writeClientKeys(file, formatKeySet(ACTS[act](before)))
}

function writeClientKeys(file: string, text: string): void {
  const keys = readSigningKeys(text)
  if (!keys.ok) throw new StartProblem(`${file}: ${keys.error}. It was left as it is.`)
  if (Buffer.byteLength(text) > MAX_SECRET_BYTES)
    throw new StartProblem('That would be more than a Workers secret holds (5 KB): --drop the oldest first.')
  writePrivateFile(file, text)
  const [active, ...others] = keys.value.published
  console.log(`${file} (mode 0600): ${active?.kid} signs; only published: ${ids(others)}`)
  console.log(`  npx wrangler secret put MCP_SERVER_PRIVATE_KEY --env production < ${file}`)
  console.log('With it: PINGONE_CLIENT_AUTH=private_key_jwt, and no MCP_SERVER_CLIENT_SECRET.')
  console.log(
    'The application at PingOne has the JWKS URL <PUBLIC_ORIGIN>/.well-known/jwks.json, or this JWKS:',
  )
  console.log(JSON.stringify({ keys: keys.value.published }))
}

const ids = (keys: readonly { kid: string }[]): string => keys.map(({ kid }) => kid).join(', ') || 'none'

function makeRootKey(file: string): void {
  const text = withNewRootKey((readPrivateFile(file) ?? '').trim())
  const keys = readRootKeys(text.trim(), undefined)
  if (!keys.ok) throw new StartProblem(`${file}: ROOT_KEYS ${keys.error}. It was left as it is.`)
  writePrivateFile(file, text)
  const [active, ...others] = keys.value
  console.log(`${file} (mode 0600): ${active.id} encrypts and signs; only opens: ${idsOf(others)}`)
  console.log(`  npx wrangler secret put ROOT_KEYS --env production < ${file}`)
}

const idsOf = (keys: readonly { id: string }[]): string => keys.map(({ id }) => id).join(', ') || 'none'

await runScript(main)
