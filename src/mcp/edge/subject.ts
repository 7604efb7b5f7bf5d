import { engineTools } from '#catalog/define-product.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { argumentTypes, celArguments } from '#policy/arguments.ts'
import type { CelValue, Subject } from '#policy/question.ts'
import type { PolicyAsk } from '#users/calls/calls.ts'
import type { Lists } from '../lists/listed.ts'
import { type Reads, referenceOf } from '../lists/reads.ts'
import type { McpProduct } from '../product.ts'
import type { MethodMessage } from './read-message.ts'

/** What policy judges: an act with the arguments that it would run with. */
export interface PolicySubject {
  subject: Subject
  args: Record<string, CelValue>
  /** There are more arguments than policy reads, so nothing can be decided. */
  isTooLarge: boolean
}

export type Subjects = ReturnType<typeof makeSubjects>

const NO_ARGUMENTS = { args: {}, isTooLarge: false }

const ENGINE: ReadonlySet<string> = new Set(engineTools)

/** Makes the subjects of policy, once for a product: rules and lists name the same things. */
export function makeSubjects(product: Pick<McpProduct, 'slug' | 'tools'>, reads: Reads, lists: Lists) {
  const { slug: app } = product
  const toolSubject = ({ name, effect }: Pick<AnyTool, 'name' | 'effect'>): Subject => ({
    app: ENGINE.has(name) ? 'server' : app,
    kind: 'tool',
    names: [name],
    writes: effect !== 'read',
  })
  const tools = new Map(product.tools.map((tool) => [tool, toolSubject(tool)]))
  const types = new Map<AnyTool, ReturnType<typeof argumentTypes>>()
  const typesOf = (act: AnyTool) => {
    const known = types.get(act)
    if (known !== undefined) return known
    const made = argumentTypes(act.input)
    types.set(act, made)
    return made
  }
  const named = (kind: Subject['kind'], name: string): Subject => ({ app, kind, names: [name] })
  const listedTool = ({ name }: { name: string }): Subject => {
    const tool = product.tools.find((one) => one.name === name)
    if (tool === undefined) throw new Error(`the list has a tool ${name} that the product does not have`)
    return toolSubject(tool)
  }
  const { resources, resourceTemplates, prompts } = lists
  const listSubjects = new Map<string, Subject[]>([
    ['tools/list', [...lists.tools, ...lists.auditTools].map(listedTool)],
    ['resources/list', resources.map(({ uri }) => named('resource', uri))],
    ['resources/templates/list', resourceTemplates.map(({ uriTemplate }) => named('resource', uriTemplate))],
    ['prompts/list', prompts.map(({ name }) => named('prompt', name))],
  ])

  return {
    /** `input`: its arguments, parsed with the schema of the act; null: they do not fit it. */
    of(act: AnyTool, input: Record<string, unknown> | null): PolicySubject {
      const read = reads.named(act)
      const subject =
        tools.get(act) ??
        (read && { app, kind: read.kind, names: read.names(input ?? {}) }) ??
        toolSubject(act)
      if (input === null || read?.isCompletion === true) return { subject, ...NO_ARGUMENTS }
      const given = act.confirm === undefined ? input : splitConsent(input).rest
      const args = celArguments(typesOf(act), given)
      if (args.ok) return { subject, args: args.value, isTooLarge: false }
      if (args.error === 'unreadable')
        throw new Error(`${act.name}: its input has values without a form in JSON`)
      return { subject, args: {}, isTooLarge: true }
    },

    /** For a message that calls or reads nothing: a list, or a completion that has no values. */
    list: ({ method }: MethodMessage): Subject[] | null => listSubjects.get(method) ?? null,
    reference(message: MethodMessage): PolicySubject | null {
      const found = referenceOf(reads, message)
      return found === null ? null : { subject: { app, ...found }, ...NO_ARGUMENTS }
    },
  }
}

/** What policy is asked for a request; `about` null: it names nothing that this server has. */
export const askOf = (
  about: PolicySubject | null,
  list: Subject[] | null,
  from: Pick<PolicyAsk, 'transport' | 'network'>,
): PolicyAsk => ({ subject: about?.subject ?? null, args: about?.args ?? null, list, ...from })
