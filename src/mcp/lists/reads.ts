import { z } from 'zod'
import type { Catalog } from '#catalog/define-product.ts'
import type { AnyPrompt } from '#catalog/define-prompt.ts'
import type { AnyTemplate } from '#catalog/define-resource.ts'
import { keptAs } from '#catalog/argument-class.ts'
import { type AnyTool, defineTool } from '#catalog/define-tool.ts'
import type { CallKind } from '#events/call-facts.ts'
import { textUpTo } from '#lib/bounded-text.ts'
import { type Result, err, ok } from '#lib/result.ts'

/** The act and input of a message that reads. */
export type Read = { act: AnyTool; input: unknown }

/** `nothing`: the reference exists but has nothing to complete. */
type NoRead = 'nothing' | 'unknown'

export type Reads = ReturnType<typeof makeReads>

/** What policy knows of an act that reads. `input`: its arguments, parsed. */
interface Named {
  kind: 'resource' | 'prompt'
  names: (input: Record<string, unknown>) => readonly string[]
  /** It gives values for a variable, so those of the resource are not known yet. */
  isCompletion?: true
}

const Reference = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ref/resource'), uri: z.string() }),
  z.object({ type: z.literal('ref/prompt'), name: z.string() }),
])
const CompletionParams = z.object({
  ref: Reference,
  argument: z.object({ name: z.string(), value: z.string() }),
})
type CompletionParams = z.infer<typeof CompletionParams>

/** Indexes the product's resources, templates and prompts; used at the edge and by both transports. */
export function makeReads({ resources, resourceTemplates, prompts }: Catalog) {
  const byUri = new Map(
    resources.map((resource) => [
      resource.uri,
      resourceRead(resource, z.strictObject({}), (_none, context) => resource.read(context)),
    ]),
  )
  const byName = new Map(prompts.map((prompt) => [prompt.name, promptRead(prompt)]))
  const templates = resourceTemplates.map((template) => ({
    template,
    act: resourceRead(template, template.variables, (given, context) => template.read(given, context)),
    match: matchTemplate(template.uriTemplate),
    completions: new Map(
      Object.entries(template.complete ?? {}).map(([variable, complete]) => [
        variable,
        completionRead(template, variable, complete),
      ]),
    ),
  }))

  const named = new Map<AnyTool, Named>([
    ...[...byUri].map(([uri, act]) => [act, { kind: 'resource', names: () => [uri] }] as const),
    ...[...byName].map(([name, act]) => [act, { kind: 'prompt', names: () => [name] }] as const),
    ...templates.flatMap(({ template: { uriTemplate }, act, completions }): [AnyTool, Named][] => [
      [act, { kind: 'resource', names: (input) => [expandTemplate(uriTemplate, input), uriTemplate] }],
      ...[...completions.values()].map((completion): [AnyTool, Named] => [
        completion,
        { kind: 'resource', names: () => [uriTemplate], isCompletion: true },
      ]),
    ]),
  ])

  return {
    /** The names by which policy knows what an act reads or completes; undefined: it is a tool. */
    named: (act: AnyTool): Named | undefined => named.get(act),
    resource(uri: string): Result<Read, 'unknown'> {
      const act = byUri.get(uri)
      if (act !== undefined) return ok({ act, input: {} })
      for (const { template, act: read, match } of templates) {
        const input = match(uri)
        // Variables that the template's schema refuses mean: no such resource.
        if (input !== null && template.variables.safeParse(input).success) return ok({ act: read, input })
      }
      return err('unknown')
    },
    prompt(name: string, args: unknown): Result<Read, 'unknown'> {
      const act = byName.get(name)
      return act === undefined ? err('unknown') : ok({ act, input: args ?? {} })
    },
    completion({ ref, argument }: CompletionParams): Result<Read, NoRead> {
      if (ref.type === 'ref/prompt') return err(byName.has(ref.name) ? 'nothing' : 'unknown')
      const found = templates.find(({ template }) => template.uriTemplate === ref.uri)
      if (found === undefined) return err(byUri.has(ref.uri) ? 'nothing' : 'unknown')
      const act = found.completions.get(argument.name)
      return act === undefined ? err('nothing') : ok({ act, input: { typed: argument.value } })
    },
  }
}

const Message = z.discriminatedUnion('method', [
  z.object({
    method: z.enum(['resources/read', 'resources/subscribe']),
    params: z.object({ uri: z.string() }),
  }),
  z.object({
    method: z.literal('prompts/get'),
    params: z.object({ name: z.string(), arguments: z.unknown().optional() }),
  }),
  z.object({ method: z.literal('completion/complete'), params: CompletionParams }),
])

/**
 * The read that a message asks for, or subscribes to; undefined for other messages and unknown names, which the
 * transports answer.
 */
export function readAsked(reads: Reads, message: unknown): Read | undefined {
  const { data } = Message.safeParse(message)
  if (data === undefined) return undefined
  const found =
    data.method === 'prompts/get'
      ? reads.prompt(data.params.name, data.params.arguments)
      : data.method === 'completion/complete'
        ? reads.completion(data.params)
        : reads.resource(data.params.uri)
  return found.ok ? found.value : undefined
}

/** The prompt, resource or template that a completion names and this server has, also where there is nothing to complete. */
export function referenceOf(
  reads: Reads,
  message: unknown,
): { kind: 'resource' | 'prompt'; names: readonly string[] } | null {
  const { data } = Message.safeParse(message)
  if (data?.method !== 'completion/complete') return null
  const { ref } = data.params
  const found = reads.completion(data.params)
  if (!found.ok && found.error === 'unknown') return null
  return ref.type === 'ref/prompt'
    ? { kind: 'prompt', names: [ref.name] }
    : { kind: 'resource', names: [ref.uri] }
}

/*
 * Reads run through invoke-tool.ts like tools, with the same scopes, stored intent, downstream token, deadline and outcome.
 * Each resource, template, prompt and completion becomes a hidden tool. Its name has a slash, so no real tool can have it.
 */

const MAX_CHARACTERS = 100_000
/** MCP 2026-07-28 Completion: at most 100 values in one answer. */
const MAX_VALUES = 100

const Form = z.union([
  z.object({ mimeType: z.string(), text: textUpTo(MAX_CHARACTERS) }),
  z.object({ mimeType: z.string(), blob: z.string().max(MAX_CHARACTERS) }),
])
export const Forms = z.object({ forms: z.array(Form).max(10) })

const Part = z.union([
  z.object({ instruction: z.string() }),
  z.object({ resource: z.object({ uri: z.string(), form: Form }) }),
])
export const Parts = z.object({ parts: z.array(Part).max(20) })

export const Completed = z.object({
  values: z.array(z.string()).max(MAX_VALUES),
  total: z.int(),
  hasMore: z.boolean(),
})
const Typed = z.strictObject({ typed: keptAs('personal', textUpTo(200)) })

const HIDDEN = ['resource', 'prompt', 'completion'] as const
type HiddenKind = (typeof HIDDEN)[number]

/** What a tool is to the client. */
export const kindOf = ({ name }: Pick<AnyTool, 'name'>): CallKind =>
  HIDDEN.find((kind) => name.startsWith(`${kind}/`)) ?? 'tool'

type Description = Pick<AnyTool, 'name' | 'title' | 'description' | 'scopes'>
const hiddenTool = (kind: HiddenKind, { name, title, description, scopes }: Description) => ({
  name: `${kind}/${name}`,
  title,
  description,
  scopes,
  effect: 'read' as const,
  say: () => '',
})

const resourceRead = (facts: Description, input: z.ZodObject, read: AnyTemplate['read']): AnyTool =>
  defineTool({
    ...hiddenTool('resource', facts),
    input,
    output: Forms,
    async run(variables, context) {
      const forms = await read(variables, context)
      return forms.ok ? ok({ forms: [...forms.value] }) : forms
    },
  })

const promptRead = (prompt: AnyPrompt): AnyTool =>
  defineTool({
    ...hiddenTool('prompt', prompt),
    input: prompt.arguments,
    output: Parts,
    async run(args, context) {
      const parts = await prompt.get(args, context)
      return parts.ok ? ok({ parts: [...parts.value] }) : parts
    },
  })

type Complete = NonNullable<AnyTemplate['complete']>[string]

const completionRead = (template: AnyTemplate, variable: string, complete: Complete): AnyTool =>
  defineTool({
    ...hiddenTool('completion', { ...template, name: `${template.name}.${variable}` }),
    input: Typed,
    output: Completed,
    async run({ typed }, context) {
      const values = await complete(context)
      if (!values.ok) return values
      const fitting = values.value.filter((value) => value.startsWith(typed))
      const shown = fitting.slice(0, MAX_VALUES)
      return ok({ values: shown, total: fitting.length, hasMore: shown.length < fitting.length })
    },
  })

/** RFC 6570 §3.2.2: simple expressions only. Values have no slash, so a URI matches one template at most. */
const EXPRESSION = /\{([A-Za-z][A-Za-z0-9]*)\}/

/** Returns a function that reads a template's variables from a URI, or null when the URI does not match. */
export function matchTemplate(uriTemplate: string): (uri: string) => Record<string, string> | null {
  // `split` puts the names at the odd positions.
  const pieces = uriTemplate.split(EXPRESSION)
  const names = pieces.filter((_piece, at) => at % 2 === 1)
  const pattern = new RegExp(
    `^${pieces.map((piece, at) => (at % 2 === 1 ? '([^/?#]+)' : escaped(piece))).join('')}$`,
  )
  return (uri) => {
    const values = pattern.exec(uri)?.slice(1)
    if (values === undefined) return null
    try {
      return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(values[at] ?? '')]))
    } catch {
      // A malformed escape matches nothing.
      return null
    }
  }
}

/**
 * Writes a template out (RFC 6570 §3.2.2), so that a resource has one name however its address was spelled.
 * A value that is no text or number counts as empty.
 */
export const expandTemplate = (uriTemplate: string, variables: Record<string, unknown>): string =>
  uriTemplate
    .split(EXPRESSION)
    .map((piece, at) => (at % 2 === 1 ? encoded(variables[piece]) : piece))
    .join('')

const encoded = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number'
    ? encodeURIComponent(String(value).toWellFormed()).replaceAll(
        /[!'()*]/g,
        (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
      )
    : ''

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
