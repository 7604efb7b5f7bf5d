import type { z } from 'zod'
import { loadConfig } from '#config.ts'
import type { Product } from '#catalog/define-product.ts'
import { Settings } from '#settings.ts'
import { readPrivateFile, writePrivateFile } from '#harness/local/private-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import type { EnvironmentFacts } from '../deploy/environment.ts'
import { UsageProblem } from '../deploy/options.ts'
import { newAuditKey } from '../keys/audit-key.ts'
import { withNewRootKey } from '../keys/key-set.ts'
import { askFor, type Question, type Questioner, type Reading } from './ask.ts'
import { addEntries } from './wrangler-file.ts'

export interface SetUpRequest {
  readonly facts: EnvironmentFacts
  /** The settings file that is written. */
  readonly file: string
  /** wrangler.jsonc. */
  readonly configuration: string
  readonly product: Product
  /** undefined: the example API, or a Worker bound as API. */
  readonly apiUrl: string | undefined
}

/** The dialogue: an address, what to type into PingOne, what PingOne shows, then the file and the next commands. */
export async function setUp(request: SetUpRequest, questioner: Questioner): Promise<void> {
  const { facts, file, configuration, product } = request
  const { print } = questioner
  if (readPrivateFile(file) !== undefined)
    throw new StartProblem(
      `${file} is there already, with keys that may be in use. Change a value in it with an editor, or name another ` +
        'file with --file.',
    )
  const origin = await askOrigin(questioner, facts)
  const api = await askApi(questioner, request)
  for (const line of pingOneValues(origin, api.identifier, product)) print(line)
  const audit = newAuditKey()
  const settings = {
    PUBLIC_ORIGIN: origin,
    ...(await askPingOne(questioner)),
    API_IDENTIFIER: api.identifier,
    ...(api.url === undefined ? {} : { API_URL: api.url }),
    ROOT_KEYS: withNewRootKey('').trim(),
    AUDIT_SIGNING_KEY: audit.text,
  }
  const config = loadConfig({ ...(api.url === undefined ? { API: {} } : {}), ...settings }, product)
  if (!config.ok)
    throw new StartProblem(
      `These settings do not fit together: ${config.error.problems
        .map(({ name, problem }) => `${name} ${problem}`)
        .join('; ')}. Nothing was written.`,
    )
  writePrivateFile(file, `${JSON.stringify(settings, null, 2)}\n`)
  print('')
  print(`Written: ${file} (only you can read it), with a new root key and a new key of the audit log.`)
  print('The public half of the audit key verifies the log. Keep it outside the account:')
  print(`  ${JSON.stringify(audit.publicKey)}`)
  const isChanged = addEntries(configuration, facts.name, {
    hostname: facts.isOnWorkersDev || facts.hostnames.length > 0 ? undefined : new URL(origin).hostname,
    hasExampleApi: api.url === undefined && !facts.hasApiBinding,
  })
  for (const line of nextCommands(facts.name, file, isChanged)) print(line)
}

/** The answer itself, if the server would take it. */
function fits(schema: z.ZodType, text: string): Reading<string> {
  const read = schema.safeParse(text)
  return read.success ? { value: text } : { problem: read.error.issues[0]?.message ?? 'cannot be read' }
}

/** A hostname in `routes` is the address; on workers.dev only the account's subdomain is unknown. */
async function askOrigin(questioner: Questioner, facts: EnvironmentFacts): Promise<string> {
  const [hostname] = facts.hostnames
  if (hostname !== undefined) {
    questioner.print(`Address: https://${hostname}, from "routes" of env.${facts.name} in wrangler.jsonc`)
    return `https://${hostname}`
  }
  return askFor(questioner, facts.isOnWorkersDev ? workersDevQuestion(facts) : HOSTNAME_QUESTION)
}

const HOSTNAME_QUESTION: Question<string> = {
  text: 'Hostname of this server, in a zone of your Cloudflare account (mcp.example.com)',
  read: (answer) => {
    const hostname = answer.replace(/^https:\/\//, '').replace(/\/$/, '')
    return /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/.test(hostname)
      ? { value: `https://${hostname}` }
      : { problem: 'must be a hostname in lower case, without port and path' }
  },
}

const workersDevQuestion = ({ worker }: EnvironmentFacts): Question<string> => ({
  text: 'Your workers.dev subdomain (Cloudflare dashboard, Workers & Pages: <subdomain>.workers.dev)',
  read: (answer) => {
    const subdomain = answer
      .replace(/^https:\/\//, '')
      .replace(/\/$/, '')
      .replace(/\.workers\.dev$/, '')
      .replace(`${worker}.`, '')
    return /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(subdomain)
      ? { value: `https://${worker}.${subdomain}.workers.dev` }
      : { problem: 'must be one word of lower-case letters, digits and hyphens' }
  },
})

interface Api {
  /** undefined: a Worker bound as API. */
  readonly url: string | undefined
  readonly identifier: string
}

/** The example API fits its own product only, and its audience is ours to choose. Another API may have one already. */
async function askApi(questioner: Questioner, { facts, product, apiUrl }: SetUpRequest): Promise<Api> {
  const normal = `${product.slug}-api`
  const isExample = apiUrl === undefined && !facts.hasApiBinding && product.slug === 'todos'
  if (isExample)
    questioner.print('API: the example Todo API, which is deployed too. For your own: --api-url https://…')
  if (isExample || facts.hasApiBinding) return { url: undefined, identifier: normal }
  const readUrl = (answer: string) => fits(Settings.shape.API_URL, answer)
  const url = apiUrl ?? (await askFor(questioner, { text: 'URL of your API', read: readUrl }))
  const reading = readUrl(url)
  if ('problem' in reading) throw new UsageProblem(`--api-url ${reading.problem}.`)
  const identifier = await askFor(questioner, {
    text: 'Audience that its access tokens have, or shall have',
    normal,
    read: (answer) => fits(Settings.shape.API_IDENTIFIER, answer),
  })
  return { url, identifier }
}

/** The exact values that PingOne's console needs, in the order of docs/first-deployment.md. */
export function pingOneValues(origin: string, audience: string, { scopes }: Product): readonly string[] {
  return [
    '',
    'Type these values into PingOne, as docs/first-deployment.md#pingone says:',
    '',
    `  resource       audience       ${audience}`,
    ...scopes.map(({ name }, at) => `                 ${at === 0 ? 'scopes  ' : '        '}       ${name}`),
    `  application    redirect URIs  ${origin}/callback`,
    `                                ${origin}/signed-in`,
    `                 scopes         openid profile email ${scopes.map(({ name }) => name).join(' ')}`,
    '',
    'Then answer with what PingOne shows. Leave this open as long as you need.',
    '',
  ]
}

async function askPingOne(questioner: Questioner) {
  const issuer = await askFor(questioner, {
    text: 'Application, Overview: Issuer ID',
    read: (answer) => {
      const text = answer.replace(/\/\.well-known\/openid-configuration$/, '').replace(/\/$/, '')
      return /[<>\s]/.test(text)
        ? { problem: 'must be the address that PingOne shows, without < and >' }
        : fits(Settings.shape.PINGONE_ISSUER, text)
    },
  })
  const textOf = (text: string, isHidden = false) =>
    askFor(questioner, {
      text,
      isHidden,
      read: (answer) => fits(Settings.shape.MCP_SERVER_CLIENT_ID, answer),
    })
  return {
    PINGONE_ISSUER: issuer,
    MCP_SERVER_CLIENT_ID: await textOf('Application, Overview: Client ID'),
    MCP_SERVER_CLIENT_SECRET: await textOf('Application, Overview: Client Secret (not shown)', true),
    PINGONE_DV_POLICY_ID: await textOf('DaVinci, Applications, Flow Policies: the ID of the flow policy'),
  }
}

const nextCommands = (environment: string, file: string, isChanged: boolean): readonly string[] => [
  '',
  isChanged ? `env.${environment} in wrangler.jsonc was filled in. Now:` : 'Now:',
  ...(isChanged ? [`  git commit --message "Describe ${environment}" wrangler.jsonc`] : []),
  `  npm run deploy -- ${environment} --env-file ${file}`,
]
