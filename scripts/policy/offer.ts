import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'jsonc-parser'
import { z } from 'zod'
import { activityTools } from '#activity/tools.ts'
import type { Catalog, Product } from '#catalog/define-product.ts'
import { mergeSettings, readSettingsFile } from '#harness/local/settings.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { ROOT } from '#harness/local/workers.ts'
import { policyCatalog } from '#mcp/lists/policy-catalog.ts'
import type { PolicyCatalog } from '#policy/catalog.ts'

/** What a product offers here, with the tools of the engine: nothing of it is called. */
export interface Offer {
  readonly app: string
  readonly catalog: Catalog
  readonly policyCatalog: PolicyCatalog
}

/** `claims`: those that policies may read besides the ones that settings name. */
export function offerOf(product: Product, claims: readonly string[] = []): Offer {
  const settings = mergeSettings(readSettingsFile(join(ROOT, '.dev.vars')), process.env)
  const lists = open(product, settings)
  const catalog = { ...lists, tools: [...lists.tools, ...activityTools(NOTHING_TO_ASK)] }
  const named = [process.env['POLICY_CLAIMS'], settings['POLICY_CLAIMS'], ...claimsOfDeployments()]
  const policy = policyCatalog(product.slug, catalog, {
    claims: [
      ...new Set([...claims, ...named.flatMap((text) => text?.split(/[\s,]+/).filter(Boolean) ?? [])]),
    ],
    // The setting has a default, so a claim of groups is always named.
    hasGroups: settings.OPERATOR_CLAIM !== '',
  })
  return { app: product.slug, catalog, policyCatalog: policy }
}

function open(product: Product, settings: unknown): Catalog {
  const given = product.settings.safeParse(settings)
  if (!given.success)
    throw new StartProblem(
      `The product ${product.slug} needs settings in .dev.vars or the environment:\n${z.prettifyError(given.error)}`,
    )
  return product.open(NO_API, settings)
}

const NO_API = {
  fetch: () => Promise.reject(new Error('no API here')),
  baseUrl: new URL('https://api.example'),
  deadlineMs: 1000,
  now: () => 0,
}

const unavailable = () => Promise.reject(new Error('no audit log here'))
const NOTHING_TO_ASK = {
  questions: { events: unavailable, sessions: unavailable },
  deadlineMs: 1000,
  nameOf: unavailable,
  access: unavailable,
}

const Vars = z.object({ vars: z.looseObject({ POLICY_CLAIMS: z.string().optional() }).optional() })
const Wrangler = Vars.extend({ env: z.record(z.string(), Vars).optional() })

/** POLICY_CLAIMS of every environment in wrangler.jsonc: a document is checked for all of them. */
function claimsOfDeployments(): (string | undefined)[] {
  const text = readFileSync(join(ROOT, 'wrangler.jsonc'), 'utf8')
  const { vars, env = {} } = Wrangler.parse(parse(text))
  return [vars, ...Object.values(env).map((one) => one.vars)].map((one) => one?.POLICY_CLAIMS)
}
