import type { AccessSubject } from '#users/calls/access.ts'
import type { Subjects } from '../edge/subject.ts'
import type { McpProduct } from '../product.ts'
import type { Reads } from './reads.ts'

/** One tool, prompt, resource or template, as lists have it and as policy is asked about it. */
export interface Offered extends AccessSubject {
  kind: 'tool' | 'prompt' | 'resource'
  name: string
}

export type OfferedThings = ReturnType<typeof makeOffered>

/** Everything that lists can show, by the names that policy knows. Made once for a product. */
export function makeOffered(product: McpProduct, reads: Reads, subjects: Subjects) {
  const { tools, prompts, resources, resourceTemplates } = product
  const scopesOf = {
    tool: new Map(tools.map(({ name, scopes }) => [name, scopes])),
    prompt: new Map(prompts.map(({ name, scopes }) => [name, scopes])),
    resource: new Map([
      ...resources.map(({ uri, scopes }) => [uri, scopes] as const),
      ...resourceTemplates.map(({ uriTemplate, scopes }) => [uriTemplate, scopes] as const),
    ]),
  }
  const templates = new Set(resourceTemplates.map(({ uriTemplate }) => uriTemplate))
  const all = LISTS.flatMap(({ kind, method }): Offered[] =>
    (subjects.list({ method }) ?? []).map((subject) => {
      const [name = ''] = subject.names
      const scopes = [...(scopesOf[kind].get(name) ?? [])]
      const isTemplate = kind === 'resource' && templates.has(name)
      return { kind, name, subject, scopes, isTemplate, args: null }
    }),
  )

  /** A URI of a template, with what its variables say. */
  function resourceAt(uri: string): Offered[] {
    const read = reads.resource(uri)
    if (!read.ok) return []
    const { act, input } = read.value
    const { subject, args, isTooLarge } = subjects.of(act, act.input.safeParse(input).data ?? null)
    const [name = ''] = subject.names
    return isTooLarge
      ? []
      : [{ kind: 'resource', name, subject, scopes: [...act.scopes], isTemplate: false, args }]
  }

  return {
    all,
    /** Those of one name, which can be a tool and a prompt at once. Empty: nothing has this name. */
    named(name: string): Offered[] {
      const found = all.filter((one) => one.name === name)
      return found.length > 0 ? found : resourceAt(name)
    },
  }
}

const LISTS = [
  { kind: 'tool', method: 'tools/list' },
  { kind: 'prompt', method: 'prompts/list' },
  { kind: 'resource', method: 'resources/list' },
  { kind: 'resource', method: 'resources/templates/list' },
] as const
