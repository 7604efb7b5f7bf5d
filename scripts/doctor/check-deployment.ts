import { z } from 'zod'
import type { Config } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const LIMITS = { deadlineMs: 8000, maxBytes: 256 * 1024 }
const METADATA = 'metadata for clients'
const BOTS = 'Block AI bots'
const PAGE = 'docs/run.md#deploy'
const CLAUDE =
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)'

const ServerMetadata = z.looseObject({
  issuer: z.string(),
  client_id_metadata_document_supported: z.boolean().default(false),
})
const ResourceMetadata = z.looseObject({
  resource: z.string(),
  authorization_servers: z.array(z.string()).default([]),
})

type Deployed = Pick<Config, 'publicOrigin' | 'resource'>

/** What clients see at PUBLIC_ORIGIN. Before the first deployment nothing answers there, which is no problem. */
export async function checkDeployment(
  { publicOrigin, resource }: Deployed,
  fetch: Fetch,
): Promise<readonly Finding[]> {
  const server = await ask(fetch, `${publicOrigin}/.well-known/oauth-authorization-server`)
  if (server === null)
    return [
      note('PUBLIC_ORIGIN', `${publicOrigin} does not answer from here, so what clients see is not checked`, {
        fix: 'deploy, or run npm start, and ask the doctor again',
        page: PAGE,
      }),
    ]
  if (server.status === 421)
    return [
      problem('PUBLIC_ORIGIN', 'the server there has another PUBLIC_ORIGIN (421)', {
        fix: `set PUBLIC_ORIGIN of the deployment to ${publicOrigin}, or correct it here`,
        page: 'docs/run.md#settings-of-a-deployment',
      }),
    ]
  if (server.status === 503)
    return [
      problem('PUBLIC_ORIGIN', 'the server there has no settings, or bad ones (503)', {
        fix: 'open it in a browser: its page names the settings',
        page: 'docs/run.md#settings-of-a-deployment',
      }),
    ]
  const document = await ask(fetch, `${publicOrigin}/.well-known/oauth-protected-resource/mcp`)
  return [
    checkServerMetadata(publicOrigin, ServerMetadata.safeParse(server.json).data),
    checkResourceMetadata({ publicOrigin, resource }, ResourceMetadata.safeParse(document?.json).data),
    await checkEndpoint(resource, fetch),
  ]
}

function checkServerMetadata(origin: string, found: z.infer<typeof ServerMetadata> | undefined): Finding {
  const remedy = { fix: `see that ${origin} reaches this server, of this release`, page: PAGE }
  if (found === undefined) return problem(METADATA, 'the authorization server publishes none', remedy)
  if (found.issuer !== origin)
    return problem(METADATA, 'the authorization server names another issuer than PUBLIC_ORIGIN', remedy)
  return found.client_id_metadata_document_supported
    ? ok(METADATA, 'the issuer is PUBLIC_ORIGIN, and clients may use metadata documents (CIMD)')
    : problem(METADATA, 'clients are not told that they may use metadata documents (CIMD)', {
        fix: 'deploy with the flag global_fetch_strictly_public of wrangler.jsonc',
        page: PAGE,
      })
}

function checkResourceMetadata(
  { publicOrigin, resource }: Deployed,
  found: z.infer<typeof ResourceMetadata> | undefined,
): Finding {
  return found?.resource === resource && found.authorization_servers.includes(publicOrigin)
    ? ok('metadata of the resource', `${resource} names its authorization server`)
    : problem('metadata of the resource', `it does not name ${resource} and its authorization server`, {
        fix: `see that ${publicOrigin} reaches this server, of this release`,
        page: PAGE,
      })
}

/** Cloudflare's bot rules judge the user agent, so the same request is sent once as Claude and, if refused, once plainly. */
async function checkEndpoint(resource: string, fetch: Fetch): Promise<Finding> {
  const asClaude = await ask(fetch, resource, { 'user-agent': CLAUDE })
  if (asClaude !== null && isChallenge(asClaude))
    return ok(BOTS, '/mcp answers the user agent of Claude with our 401')
  const plain = await ask(fetch, resource)
  const status = asClaude === null ? 'no answer' : String(asClaude.status)
  return plain !== null && isChallenge(plain)
    ? problem(BOTS, `/mcp answers us with 401, and the user agent of Claude with ${status}`, {
        fix: 'add a WAF rule with the action Skip for the hostname of this server',
        page: 'docs/run.md#cloudflare-settings-of-the-zone',
      })
    : problem('/mcp', `it answers a request without a token with ${status}, not with our 401`, {
        fix: 'see what stands before the server: Cloudflare Access, a proxy, another route',
        page: 'docs/run.md#cloudflare-settings-of-the-zone',
      })
}

interface Answer {
  readonly status: number
  readonly challenge: string
  /** undefined: the body is not JSON. */
  readonly json: unknown
}

/** RFC 9728 §5.1: the challenge names the metadata of the resource. */
const isChallenge = ({ status, challenge }: Answer): boolean =>
  status === 401 && /^bearer\b.*\bresource_metadata=/i.test(challenge)

/** null: no answer. */
async function ask(fetch: Fetch, url: string, headers: Record<string, string> = {}): Promise<Answer | null> {
  try {
    const answer = await boundedFetch(fetch, new Request(url, { headers }), LIMITS)
    const challenge = answer.headers.get('www-authenticate') ?? ''
    return { status: answer.status, challenge, json: parsed(await answer.text()) }
  } catch {
    return null
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
