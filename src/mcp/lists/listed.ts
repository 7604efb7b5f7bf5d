import { z } from 'zod'
import type { AnyPrompt } from '#catalog/define-prompt.ts'
import type { Catalog } from '#catalog/define-product.ts'
import type { AnyResource, AnyTemplate } from '#catalog/define-resource.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { toolHints } from '#catalog/tool-hints.ts'
import type { Principal } from '#principal.ts'
import { errorCode, RpcDenial } from '../json-rpc-error.ts'
import { isShown } from '../product.ts'

export type Lists = ReturnType<typeof makeLists>

/**
 * Lists as both transports give them, made once: the same whatever the scopes of a token. They keep the order of
 * the product, so that two answers to one question are the same (MCP 2026-07-28 Tools, Listing).
 */
export const makeLists = ({ tools, resources, resourceTemplates, prompts }: Catalog) => ({
  tools: tools.filter(isForAll).map(listWholeTool),
  /** Only for those whose grant can read the audit log. */
  auditTools: tools.filter((tool) => !isForAll(tool)).map(listWholeTool),
  resources: resources.map((one) => ({ uri: one.uri, ...describeResource(one) })),
  resourceTemplates: resourceTemplates.map((one) => ({
    uriTemplate: one.uriTemplate,
    ...describeResource(one),
  })),
  prompts: prompts.map(listedPrompt),
})

/** The tools that exist for a principal, in the order of the list. */
export const toolsFor = ({ tools, auditTools }: Lists, principal: Pick<Principal, 'canAudit' | 'hidden'>) =>
  shownOf(principal.canAudit ? [...tools, ...auditTools] : tools, principal)

/** What of a list policy shows to a principal. */
export const shownOf = <T extends Listed>(list: T[], { hidden }: Pick<Principal, 'hidden'>): T[] =>
  hidden.length === 0
    ? list
    : list.filter(({ uriTemplate, uri, name }) => !hidden.includes(uriTemplate ?? uri ?? name))

interface Listed {
  name: string
  uri?: string
  uriTemplate?: string
}

/** A handler of a list. It has one page, so every cursor is invalid (MCP 2026-07-28 Pagination, Error Handling). */
export const onePage =
  <T extends object>(list: T) =>
  ({ params }: { params?: { cursor?: unknown } | undefined }): T => {
    if (params?.cursor !== undefined)
      throw new RpcDenial(errorCode.invalidParams, 'This cursor leads nowhere.')
    return list
  }

export const missingScopes = (tool: AnyTool, scopes: readonly string[]): string[] =>
  tool.scopes.filter((scope) => !scopes.includes(scope))

/**
 * A tool as clients see it, whatever their token allows: clients cache the list for days, and some refuse a tool whose
 * description has changed. Access is decided when it is called (edge/challenge-scopes.ts).
 */
export const describeTool = ({ title, description, effect }: AnyTool) => ({
  title,
  description,
  annotations: { title, ...toolHints[effect] },
})

const Schema = z
  .object({
    type: z.literal('object'),
    properties: z.record(z.string(), z.record(z.string(), z.json())),
    required: z.array(z.string()).exactOptional(),
  })
  .catchall(z.json())

/**
 * The schemas of a tool in draft 7, which says for ours what 2020-12 says: clients with SDK v1 compile them with an Ajv
 * that knows no other. `$schema` names the draft, as MCP 2026-07-28 asks.
 */
export const listedTool = ({ name, input, output }: AnyTool) => ({
  name,
  inputSchema: Schema.parse(z.toJSONSchema(input, { target: 'draft-7', io: 'input' })),
  outputSchema: Schema.parse(z.toJSONSchema(output, { target: 'draft-7', io: 'output' })),
})

const isForAll = (tool: AnyTool) => isShown(tool, { canAudit: false, isNameHidden: false })
const listWholeTool = (tool: AnyTool) => ({ ...listedTool(tool), ...describeTool(tool) })

type Resource = AnyResource | AnyTemplate
const describeResource = ({ name, title, description, mimeType }: Resource) => ({
  name,
  title,
  description,
  mimeType,
})

const Described = z.object({ description: z.string() })

const listedPrompt = ({ name, title, description, arguments: given }: AnyPrompt) => ({
  name,
  title,
  description,
  arguments: Object.entries(given.shape).map(([argument, schema]) => ({
    name: argument,
    description: Described.parse(z.globalRegistry.get(schema)).description,
    required: !schema.safeParse(undefined).success,
  })),
})

type Standard = z.ZodObject['~standard']
type Convert = Standard['jsonSchema']['input']

/**
 * A schema for SDK v2 with a cached JSON Schema: the SDK converts the schemas for each request's server, which was 5 % of
 * a tool call.
 */
export function convertOnce(schema: z.ZodObject): { '~standard': Standard } {
  const standard = schema['~standard']
  const { input, output } = standard.jsonSchema
  return { '~standard': { ...standard, jsonSchema: { input: once(input), output: once(output) } } }
}

/** Caches the last target; the SDK uses only one. */
function once(convert: Convert): Convert {
  let cached: { target: unknown; schema: ReturnType<Convert> } | undefined
  return (options) => {
    if (cached?.target !== options.target) cached = { target: options.target, schema: convert(options) }
    return cached.schema
  }
}
