import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anchorsOf } from '../../../scripts/docs/links.ts'
import { pageNames } from '../../../scripts/docs/pages.ts'
import { checkDeployment } from '../../../scripts/doctor/check-deployment.ts'
import {
  checkApiBinding,
  checkVars,
  environmentsIn,
  plainSettings,
  readConfiguration,
} from '../../../scripts/doctor/check-vars.ts'
import { lineOf, note, ok, problem, reportFindings } from '../../../scripts/doctor/finding.ts'

const publicOrigin = 'https://mcp.example.com'
const deployed = { publicOrigin, resource: `${publicOrigin}/mcp` }
const challenge = () =>
  new Response(null, {
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="OAuth", resource_metadata="${publicOrigin}/.well-known/oauth-protected-resource/mcp"`,
    },
  })
const isClaude = (request: Request) => request.headers.get('user-agent')?.includes('Claude-User') === true

interface Answers {
  server?: () => Response
  resource?: () => Response
  mcp?: (request: Request) => Response
}

/** A deployed server as clients see it, with overrides. */
const server =
  ({ server: metadata, resource, mcp }: Answers = {}) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    switch (new URL(request.url).pathname) {
      case '/.well-known/oauth-authorization-server':
        return (
          metadata?.() ?? Response.json({ issuer: publicOrigin, client_id_metadata_document_supported: true })
        )
      case '/.well-known/oauth-protected-resource/mcp':
        return (
          resource?.() ??
          Response.json({ resource: deployed.resource, authorization_servers: [publicOrigin] })
        )
      case '/mcp':
        return (mcp ?? challenge)(request)
      default:
        return new Response(null, { status: 404 })
    }
  }

test('a server that clients see as they should has no problem', async () => {
  const findings = await checkDeployment(deployed, server())
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok', 'ok'])
})

test('before the first deployment nothing answers, which is a note', async () => {
  const nobody = async () => Promise.reject(new TypeError('fetch failed'))
  expect((await checkDeployment(deployed, nobody)).map(lineOf)).toEqual([
    expect.stringMatching(/^note {5}PUBLIC_ORIGIN: .*does not answer from here/),
  ])
})

const status = (code: number) => () => new Response('STRANGE', { status: code })

test.for<[string, Answers, RegExp]>([
  ['another PUBLIC_ORIGIN', { server: status(421) }, /has another PUBLIC_ORIGIN/],
  ['no settings', { server: status(503) }, /no settings, or bad ones/],
  ['another server', { server: status(404) }, /publishes none/],
  [
    'another issuer',
    { server: () => Response.json({ issuer: 'https://other.example' }) },
    /another issuer than PUBLIC_ORIGIN/,
  ],
  [
    'no metadata documents',
    { server: () => Response.json({ issuer: publicOrigin }) },
    /global_fetch_strictly_public/,
  ],
  [
    'another resource',
    { resource: () => Response.json({ resource: publicOrigin, authorization_servers: [publicOrigin] }) },
    /does not name https:\/\/mcp\.example\.com\/mcp/,
  ],
  [
    'bot rules of the zone',
    { mcp: (request) => (isClaude(request) ? status(403)() : challenge()) },
    /Block AI bots: .*user agent of Claude with 403; add a WAF rule/,
  ],
  ['a login before the server', { mcp: status(302) }, /\/mcp: .* with 302, not with our 401/],
  [
    'a 401 of another kind',
    { mcp: () => new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic' } }) },
    /\/mcp: .* with 401, not with our 401/,
  ],
])('a deployment with %s is one problem', async ([, answers, pattern]) => {
  const findings = await checkDeployment(deployed, server(answers))
  const problems = findings.filter(({ level }) => level === 'problem').map(lineOf)
  expect(problems).toEqual([expect.stringMatching(pattern)])
  expect(problems.join()).not.toContain('STRANGE')
})

test('a secret among plain vars is named with its place, and not shown', () => {
  const vars = { ROOT_KEYS: 'k1:secret', PUBLIC_ORIGIN: publicOrigin }
  const configuration = {
    vars: {},
    services: [],
    env: { dev: { vars: {}, services: [] }, production: { vars, services: [] } },
  }
  const [found, ...others] = checkVars(configuration, 'production').map(lineOf)
  expect(others).toEqual([])
  expect(found).toMatch(/ROOT_KEYS is in vars of env\.production.*secret put ROOT_KEYS --env production/)
  expect(found).not.toContain('k1:')
  expect(plainSettings(configuration, 'production')).toEqual(vars)
  expect(checkVars(configuration, 'dev').map(({ level }) => level)).toEqual(['ok'])
  expect(checkVars({ ...configuration, vars }, 'dev').map(lineOf)).toEqual([
    expect.stringContaining('ROOT_KEYS is in vars of the top level'),
  ])
})

test('an environment without API_URL has to bind a Worker as API', () => {
  const services = [{ binding: 'API', service: 'todo-api-production' }]
  const configuration = {
    vars: {},
    services,
    env: { production: { vars: {}, services: [] }, staging: { vars: {}, services } },
  }
  expect(checkApiBinding(configuration, 'staging', {})).toEqual([])
  expect(checkApiBinding(configuration, 'production', { API_URL: 'https://api.example.com' })).toEqual([])
  expect(checkApiBinding(configuration, 'production', {}).map(lineOf)).toEqual([
    expect.stringMatching(
      /^problem {2}API_URL: it is missing, and env\.production .* binds no Worker as API/,
    ),
  ])
})

test('wrangler.jsonc itself has no secret in vars', async () => {
  const configuration = await readConfiguration('wrangler.jsonc')
  expect(environmentsIn(configuration)).toEqual(['dev', 'staging', 'production'])
  for (const environment of environmentsIn(configuration))
    expect(checkVars(configuration, environment).map(({ level }) => level)).toEqual(['ok'])
})

test('findings are lines for people and JSON for programs, and the exit code tells a problem', () => {
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const good = [ok('clock', 'right'), note('flow', 'not checked')]
  const bad = problem('scopes', 'one is missing', { fix: 'grant it', page: 'docs/run.md#deploy' })
  expect(reportFindings(good, { json: false, print })).toBe(0)
  expect(reportFindings([...good, bad], { json: false, print })).toBe(1)
  expect(lines.at(-1)).toBe('problem  scopes: one is missing; grant it → docs/run.md#deploy')
  lines.length = 0
  reportFindings([bad], { json: true, print })
  expect(JSON.parse(lines.join('\n'))).toEqual([bad])
})

test('every page that the doctor names exists, with its heading', () => {
  const folder = 'scripts/doctor'
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const named = new Set(texts.flatMap((text) => text.match(/docs\/[\w/-]+\.md(?:#[\w-]+)?/g) ?? []))
  expect(named.size).toBeGreaterThan(8)
  for (const address of named) {
    const [page = '', anchor] = address.split('#')
    expect(pageNames()).toContain(page)
    const anchors = anchorsOf(readFileSync(page, 'utf8'))
    expect([address, anchor === undefined || anchors.has(anchor)]).toEqual([address, true])
  }
})
