import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { matchTemplate } from './match-template.ts'
import type { Catalog } from '#catalog/define-product.ts'
import { completionRead, promptRead, resourceRead, templateRead } from './reads.ts'

/** A message that reads: what it asks for, with its arguments. */
export type Read = { act: AnyTool; input: unknown }

/** `nothing`: it is known, and there is nothing to complete. */
export type NoRead = 'nothing' | 'unknown'

export interface Reads {
  resource(uri: string): Result<Read, 'unknown'>
  prompt(name: string, given: unknown): Result<Read, 'unknown'>
  completion(params: CompletionAsked): Result<Read, NoRead>
}

const Reference = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ref/resource'), uri: z.string() }),
  z.object({ type: z.literal('ref/prompt'), name: z.string() }),
])
const CompletionAsked = z.object({
  ref: Reference,
  argument: z.object({ name: z.string(), value: z.string() }),
})
type CompletionAsked = z.infer<typeof CompletionAsked>

/** Made once of the product's lists, and asked at the edge and on both transports: what a message reads is decided once. */
export function makeReads({ resources, resourceTemplates, prompts }: Catalog): Reads {
  const byUri = new Map(resources.map((resource) => [resource.uri, resourceRead(resource)]))
  const byName = new Map(prompts.map((prompt) => [prompt.name, promptRead(prompt)]))
  const templates = resourceTemplates.map((template) => ({
    template,
    act: templateRead(template),
    match: matchTemplate(template.uriTemplate),
    completions: new Map(
      Object.entries(template.complete ?? {}).map(([variable, complete]) => [
        variable,
        completionRead(template, variable, complete),
      ]),
    ),
  }))

  return {
    resource(uri) {
      const act = byUri.get(uri)
      if (act !== undefined) return ok({ act, input: {} })
      for (const { template, act: read, match } of templates) {
        const input = match(uri)
        // What the template's own schema refuses is no address of it: it does not exist, and nobody is asked.
        if (input !== null && template.variables.safeParse(input).success) return ok({ act: read, input })
      }
      return err('unknown')
    },
    prompt(name, given) {
      const act = byName.get(name)
      return act === undefined ? err('unknown') : ok({ act, input: given ?? {} })
    },
    completion({ ref, argument }) {
      if (ref.type === 'ref/prompt') return err(byName.has(ref.name) ? 'nothing' : 'unknown')
      const found = templates.find(({ template }) => template.uriTemplate === ref.uri)
      if (found === undefined) return err(byUri.has(ref.uri) ? 'nothing' : 'unknown')
      const act = found.completions.get(argument.name)
      return act === undefined ? err('nothing') : ok({ act, input: { typed: argument.value } })
    },
  }
}

const Message = z.discriminatedUnion('method', [
  z.object({ method: z.literal('resources/read'), params: z.object({ uri: z.string() }) }),
  z.object({
    method: z.literal('prompts/get'),
    params: z.object({ name: z.string(), arguments: z.unknown().optional() }),
  }),
  z.object({ method: z.literal('completion/complete'), params: CompletionAsked }),
])

const Subscribe = z.object({
  method: z.literal('resources/subscribe'),
  params: z.object({ uri: z.string() }),
})

/** What a message of a session wants to be told of: whoever may not read it is challenged as for reading it. */
export function subscribeAsked(reads: Reads, message: unknown): AnyTool | undefined {
  const asked = Subscribe.safeParse(message)
  const found = asked.success ? reads.resource(asked.data.params.uri) : null
  return found?.ok === true ? found.value.act : undefined
}

/** What a message reads; undefined for all other messages, and where the transports will say that there is no such thing. */
export function readAsked(reads: Reads, message: unknown): AnyTool | undefined {
  const asked = Message.safeParse(message)
  if (!asked.success) return undefined
  const { method, params } = asked.data
  const found =
    method === 'resources/read'
      ? reads.resource(params.uri)
      : method === 'prompts/get'
        ? reads.prompt(params.name, params.arguments)
        : reads.completion(params)
  return found.ok ? found.value.act : undefined
}
