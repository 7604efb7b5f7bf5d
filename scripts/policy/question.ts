import { parseArgs } from 'node:util'
import { z } from 'zod'
import { StartProblem } from '#harness/local/start-problem.ts'
import { engineTools } from '#catalog/define-product.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import { matchTemplate } from '#mcp/lists/reads.ts'
import { argumentTypes, celArguments } from '#policy/arguments.ts'
import type { CelValue, PolicyClient, Question, Subject } from '#policy/question.ts'
import type { Offer } from './offer.ts'

export const EXPLAIN_FORM = `explain (--tool | --prompt | --resource) <name> | --connect [--document <file>] [--user <id>]
  [--group <name>]… [--claim <name>=<value>]… [--acr <flow policy>] [--client <id>] [--args <json>] [--list]
  [--at <time>] [--network <network>] [--auth-age <seconds>] [--transport stateless|session] [--json]`

export type ExplainOptions = ReturnType<typeof readOptions>

export function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        document: { type: 'string' },
        product: { type: 'string' },
        user: { type: 'string' },
        group: { type: 'string', multiple: true },
        claim: { type: 'string', multiple: true },
        acr: { type: 'string' },
        client: { type: 'string' },
        tool: { type: 'string' },
        prompt: { type: 'string' },
        resource: { type: 'string' },
        connect: { type: 'boolean' },
        args: { type: 'string' },
        list: { type: 'boolean' },
        at: { type: 'string' },
        network: { type: 'string' },
        'auth-age': { type: 'string' },
        transport: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'unclear')
  }
}

export const wrong = (sentence: string): StartProblem =>
  new StartProblem(`${sentence}\nnpm run policy -- ${EXPLAIN_FORM}`)

/** The question that the options ask. What they do not say is a user without groups, and now. */
export function questionOf(options: ExplainOptions, offer: Offer, nowMs: number): Question {
  const { subject, args } = aboutOf(options, offer)
  const isList = options.list === true
  return {
    phase: isList ? 'list' : 'call',
    subject,
    args: isList ? null : args(),
    user: {
      id: options.user ?? 'AAAAAAAAAAAAAAAAAAAAAA',
      groups: options.group ?? [],
      claims: claimsOf(options.claim ?? []),
      acr: options.acr ?? '',
    },
    client: clientOf(options.client ?? 'https://client.example/metadata'),
    request: {
      network: options.network ?? '192.0.2.0/24',
      authAgeSeconds: numberOf(options['auth-age'] ?? '0'),
      transport: options.connect === true ? 'login' : transportOf(options.transport ?? 'stateless'),
    },
    nowMs: options.at === undefined ? nowMs : timeOf(options.at),
  }
}

/** `args` are read only for a call: a list has none. */
interface About {
  subject: Subject
  args: () => Record<string, CelValue>
}

function aboutOf(options: ExplainOptions, offer: Offer): About {
  const { tool, prompt, resource, connect } = options
  const named = [tool, prompt, resource, connect].filter((one) => one !== undefined)
  if (named.length !== 1) throw wrong('Name one: --tool, --prompt, --resource or --connect.')
  const given = () => jsonOf(options.args ?? '{}')
  if (tool !== undefined) return aboutTool(tool, given, offer)
  if (prompt !== undefined) return aboutPrompt(prompt, given, offer)
  if (options.args !== undefined) throw wrong('--args goes with --tool or --prompt.')
  return resource === undefined
    ? { subject: { app: 'server', kind: 'server', names: ['mcp'] }, args: () => ({}) }
    : aboutResource(resource, offer)
}

function aboutTool(name: string, given: () => unknown, { app, catalog }: Offer): About {
  const tool = catalog.tools.find((one) => one.name === name)
  if (tool === undefined) throw wrong(`There is no tool ${name}: there are ${namesOf(catalog.tools)}.`)
  const isEngine = engineTools.some((own) => own === name)
  return {
    subject: {
      app: isEngine ? 'server' : app,
      kind: 'tool',
      names: [name],
      writes: tool.effect !== 'read',
    },
    args: () => {
      const input = parsed(tool.input, given(), name)
      return celOf(tool.input, tool.confirm === undefined ? input : splitConsent(input).rest)
    },
  }
}

function aboutPrompt(name: string, given: () => unknown, { app, catalog }: Offer): About {
  const prompt = catalog.prompts.find((one) => one.name === name)
  if (prompt === undefined) throw wrong(`There is no prompt ${name}: there are ${namesOf(catalog.prompts)}.`)
  return {
    subject: { app, kind: 'prompt', names: [name], writes: false },
    args: () => celOf(prompt.arguments, parsed(prompt.arguments, given(), name)),
  }
}

function aboutResource(uri: string, { app, catalog }: Offer): About {
  const subject = (names: string[]): Subject => ({ app, kind: 'resource', names, writes: false })
  const known = catalog.resources.some((one) => one.uri === uri)
  const isTemplate = catalog.resourceTemplates.some((one) => one.uriTemplate === uri)
  if (known || isTemplate) return { subject: subject([uri]), args: () => ({}) }
  for (const { uriTemplate, variables } of catalog.resourceTemplates) {
    const values = matchTemplate(uriTemplate)(uri)
    const read = variables.safeParse(values)
    if (values === null || !read.success) continue
    // The same text for each way to write a URI.
    const canonical = uriTemplate.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(values[name] ?? ''),
    )
    return { subject: subject([canonical, uriTemplate]), args: () => celOf(variables, read.data) }
  }
  throw wrong(`There is no resource ${uri}.`)
}

const namesOf = (all: readonly { name: string }[]): string => all.map(({ name }) => name).join(', ')

function parsed(schema: z.ZodObject, given: unknown, name: string): Record<string, unknown> {
  const read = schema.safeParse(given)
  if (read.success) return read.data
  throw wrong(
    `--args do not fit ${name}; --list asks without arguments what a list shows.\n${z.prettifyError(read.error)}`,
  )
}

function celOf(schema: z.ZodObject, input: Record<string, unknown>): Record<string, CelValue> {
  const read = celArguments(argumentTypes(schema), input)
  if (!read.ok) throw wrong(`The arguments cannot be judged: ${read.error}.`)
  return read.value
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong('--args is JSON, such as {"id":"7"}.')
  }
}

function claimsOf(given: readonly string[]): Record<string, string[]> {
  const claims = new Map<string, string[]>()
  for (const text of given) {
    const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || value === undefined) throw wrong('--claim is <name>=<value>.')
    claims.set(name, [...(claims.get(name) ?? []), value])
  }
  return Object.fromEntries(claims)
}

/** An https URL is a client with a metadata document, and its host the domain. */
function clientOf(id: string): PolicyClient {
  const url = URL.canParse(id) ? new URL(id) : null
  return url?.protocol === 'https:'
    ? { id, domain: url.hostname, kind: 'document' }
    : { id, domain: '', kind: 'registered' }
}

function numberOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrong('--auth-age is a number of seconds.')
  return Number(text)
}

function timeOf(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms) || !/(?:Z|[+-]\d\d:\d\d)$/.test(text))
    throw wrong('--at is a time with its zone, such as 2026-12-01T08:00:00Z.')
  return ms
}

function transportOf(text: string): 'stateless' | 'session' {
  if (text !== 'stateless' && text !== 'session') throw wrong('--transport is stateless or session.')
  return text
}
