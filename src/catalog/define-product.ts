import type { z } from 'zod'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { definePrompt, type AnyPrompt, type Prompt, type PromptDefinition } from './define-prompt.ts'
import {
  defineResource,
  defineTemplate,
  type AnyResource,
  type AnyTemplate,
  type Resource,
  type Template,
  type TemplateDefinition,
} from './define-resource.ts'
import { defineTool, type AnyTool, type NeedsScopes, type Tool, type ToolDefinition } from './define-tool.ts'
import type { ApiCall, CallContext, ToolContext } from './tool-context.ts'

/** One scope of a product, as clients request it. */
export interface ScopeText {
  /** RFC 6749 §3.3: one scope. */
  readonly name: string
  /** The consent page shows it beside its box. */
  readonly sentence: string
  /** For example `read your notes`: completes “Claude wants to …”. Default: the sentence. */
  readonly action?: string
  /** The setting that holds PingOne's name of this scope; without it both names are equal. */
  readonly setting?: string
  /** Every grant has it, and the consent page shows it as fixed. */
  readonly required?: boolean
  /** A request for one of these scopes requests this one too. */
  readonly impliedBy?: readonly string[]
  /** It allows changes: it does not exist under PROFILE=read-only. */
  readonly writes?: boolean
}

/** What the engine knows of a product without its tools: names, scopes, words. */
export interface ProductFacts {
  /** Lower case, `a-z0-9-`. Events and client configurations carry it. */
  readonly slug: string
  /** People read it on pages, clients in `serverInfo.title`. */
  readonly title: string
  /** `serverInfo.name`, and the prefix of `_meta` keys; default: the slug. */
  readonly serverName?: string
  /** For example `Notes API`. */
  readonly apiName: string
  /** For the model: what the server is for, which tool comes first. */
  readonly instructions: string
  readonly scopes: readonly ScopeText[]
  readonly words: ProductWords
  /** Pages show what is set. */
  readonly links?: ProductLinks
}

/** Where users find help and the terms, and the product's own mark. */
export interface ProductLinks {
  /** An https address, or `mailto:`. */
  readonly support?: string
  readonly privacy?: string
  readonly terms?: string
  /** A `data:` URL of a PNG or SVG: the pages load nothing from elsewhere. */
  readonly logo?: string
}

/** Nouns for denials, so that the engine's sentences fit. */
export interface ProductWords {
  /** One sentence for an id that does not exist. */
  readonly gone: string
  /** The tool that shows the current state. */
  readonly lookAgain: string
}

/** Where the API is and how to reach it, with the product's own settings. */
export interface Connection<Settings> {
  /** `fetch` of the platform or of the service binding. */
  readonly fetch: Fetch
  readonly baseUrl: URL
  /** For one request. */
  readonly deadlineMs: number
  /** Seconds since 1970. */
  readonly now: () => number
  readonly settings: Settings
}

interface ProductDefinition<Api, S extends z.ZodObject> extends ProductFacts {
  /** Settings that only this product needs; the engine reads them with its own. */
  readonly settings: S
  /** The only function of a product that receives a token. Called once per tool call. */
  readonly connect: (connection: Connection<z.output<S>>, call: ApiCall) => Api
  readonly tools: readonly Tool<ToolContext<Api>>[]
  readonly resources: readonly Resource<ToolContext<Api>>[]
  readonly resourceTemplates: readonly Template<ToolContext<Api>>[]
  readonly prompts: readonly Prompt<ToolContext<Api>>[]
}

/** Everything clients can call, read and pick, bound to an API. */
export interface Catalog {
  readonly tools: readonly AnyTool[]
  readonly resources: readonly AnyResource[]
  readonly resourceTemplates: readonly AnyTemplate[]
  readonly prompts: readonly AnyPrompt[]
}

/** A product as the engine sees it: its Api type is closed over. */
export interface Product extends ProductFacts {
  readonly settings: z.ZodObject
  /** Binds the lists to an API. `given`: the environment that holds the product's settings. */
  open(connection: Omit<Connection<never>, 'settings'>, given: unknown): Catalog
}

/** The define functions of a product with its Api type, so that each tool gets a typed `api`. */
export const definersFor = <Api>() => ({
  defineTool: <I extends z.ZodObject, O extends z.ZodObject>(
    tool: ToolDefinition<ToolContext<Api>, I, O> & NeedsScopes,
  ): Tool<ToolContext<Api>> => defineTool(tool),
  defineResource: (resource: Resource<ToolContext<Api>>) => defineResource(resource),
  defineTemplate: <V extends z.ZodObject>(
    template: TemplateDefinition<ToolContext<Api>, V>,
  ): Template<ToolContext<Api>> => defineTemplate(template),
  definePrompt: <A extends z.ZodObject>(
    prompt: PromptDefinition<ToolContext<Api>, A>,
  ): Prompt<ToolContext<Api>> => definePrompt(prompt),
})

/** The tools that the engine adds to those of every product (activity/). */
export const engineTools = [
  'findMyActivity',
  'myAccess',
  'findActivity',
  'getTransaction',
  'listSessions',
] as const

const products = new WeakSet<object>()

/** Whether `defineProduct` made it. */
export const isProduct = (value: unknown): value is Product =>
  typeof value === 'object' && value !== null && products.has(value)

/** Checks a product once and hides its Api type from the engine. Throws on a mistake of its author. */
export function defineProduct<Api, S extends z.ZodObject>(product: ProductDefinition<Api, S>): Product {
  check(product)
  const { connect, tools, resources, resourceTemplates, prompts, ...facts } = product
  const defined: Product = {
    ...facts,
    open(connection, given) {
      const connected = { ...connection, settings: product.settings.parse(given) }
      // One client per call: a question and its act see the same answers.
      const contexts = new WeakMap<CallContext, ToolContext<Api>>()
      const bind = (context: CallContext): ToolContext<Api> => {
        const known = contexts.get(context)
        if (known !== undefined) return known
        const { call, traffic, user: _user, from: _from, ...run } = context
        const observed = { ...connected, fetch: traffic.observed(connected.fetch) }
        const bound = { ...run, api: connect(observed, call) }
        contexts.set(context, bound)
        return bound
      }
      return {
        tools: tools.map((tool) => bindTool(tool, bind)),
        resources: resources.map((resource) => ({
          ...resource,
          read: (context: CallContext) => resource.read(bind(context)),
        })),
        resourceTemplates: resourceTemplates.map((template) => bindTemplate(template, bind)),
        prompts: prompts.map((prompt) => ({
          ...prompt,
          get: (input: unknown, context: CallContext) => prompt.get(input, bind(context)),
        })),
      }
    },
  }
  products.add(defined)
  return defined
}

/** Under PROFILE=read-only nothing that could change anything exists: it is neither listed nor called. */
export function readOnly(catalog: Catalog, scopes: readonly ScopeText[]): Catalog {
  const writing = scopes.filter(({ writes }) => writes).map(({ name }) => name)
  const isReading = ({ scopes: needed }: { readonly scopes: readonly string[] }) =>
    !needed.some((scope) => writing.includes(scope))
  return {
    tools: catalog.tools.filter((tool) => tool.effect === 'read' && isReading(tool)),
    resources: catalog.resources.filter(isReading),
    resourceTemplates: catalog.resourceTemplates.filter(isReading),
    prompts: catalog.prompts.filter(isReading),
  }
}

type Bind<C> = (context: CallContext) => C

function bindTool<C>(tool: Tool<C>, bind: Bind<C>): AnyTool {
  const { confirm } = tool
  return {
    ...tool,
    run: (input, context) => tool.run(input, bind(context)),
    confirm: confirm === undefined ? undefined : (input, context) => confirm(input, bind(context)),
  }
}

function bindTemplate<C>({ complete, ...template }: Template<C>, bind: Bind<C>): AnyTemplate {
  const completions = Object.entries(complete ?? {}).map(
    ([variable, values]) => [variable, (context: CallContext) => values(bind(context))] as const,
  )
  return {
    ...template,
    read: (variables, context) => template.read(variables, bind(context)),
    ...(complete === undefined ? {} : { complete: Object.fromEntries(completions) }),
  }
}

// A page carries the logo in its markup.
const LOGO = /^data:image\/(?:png|svg\+xml)[;,][\x21-\x7e]{1,16000}$/

function checkLinks({ support, privacy, terms, logo }: ProductLinks): void {
  for (const [name, address] of Object.entries({ support, privacy, terms })) {
    if (address === undefined) continue
    const protocol = URL.canParse(address) ? new URL(address).protocol : ''
    if (protocol !== 'https:' && !(name === 'support' && protocol === 'mailto:'))
      throw new Error(`product: links.${name} is not an https address`)
  }
  if (logo !== undefined && !LOGO.test(logo))
    throw new Error('product: links.logo is not a data: URL of a PNG or SVG up to 16,000 characters')
}

function check<Api, S extends z.ZodObject>(product: ProductDefinition<Api, S>): void {
  checkLinks(product.links ?? {})
  const { slug, scopes, words, tools, resources, resourceTemplates, prompts } = product
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(slug)) throw new Error(`product: the slug ${slug} is not [a-z0-9-]`)
  const names = new Set(scopes.map(({ name }) => name))
  if (names.size !== scopes.length || names.size === 0)
    throw new Error('product: scopes must have distinct names, and there must be one')
  if (names.has(AUDIT_READ)) throw new Error(`product: the scope ${AUDIT_READ} is of the engine`)
  for (const { name } of tools)
    if (engineTools.some((own) => own === name)) throw new Error(`product: the tool ${name} is of the engine`)
  for (const { name, scopes: needed } of [...tools, ...resources, ...resourceTemplates, ...prompts])
    for (const scope of needed)
      if (!names.has(scope))
        throw new Error(`product: ${name} needs the scope ${scope}, which is not declared`)
  for (const { name, impliedBy = [] } of scopes)
    for (const other of impliedBy)
      if (!names.has(other)) throw new Error(`product: ${name} is implied by ${other}, which is not declared`)
  if (!tools.some(({ name }) => name === words.lookAgain))
    throw new Error(`product: words.lookAgain names ${words.lookAgain}, which is not a tool`)
}
