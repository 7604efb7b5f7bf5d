import { z } from 'zod'
import { textUpTo } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import type { AnyPrompt } from '#catalog/define-prompt.ts'
import type { AnyResource, AnyTemplate } from '#catalog/define-resource.ts'
import { type AnyTool, defineTool } from '#catalog/define-tool.ts'

/*
 * What is read goes through the door of the tools (invoke-tool.ts): scopes, the intent on record, the downstream token,
 * the deadline and the outcome are the same. So each thing to read is made a tool that clients never see; its name is
 * what the record says of it, and no tool can have it, because of the slash.
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
/** What a user has typed so far. */
const Typed = z.strictObject({ typed: textUpTo(200) })

type Read = Pick<AnyTool, 'name' | 'title' | 'description' | 'scopes'>
const unseen = (kind: string, { name, title, description, scopes }: Read) => ({
  name: `${kind}/${name}`,
  title,
  description,
  scopes,
  effect: 'read' as const,
  say: () => '',
})

export const resourceRead = (resource: AnyResource): AnyTool =>
  defineTool({
    ...unseen('resource', resource),
    input: z.strictObject({}),
    output: Forms,
    async run(_input, context) {
      const forms = await resource.read(context)
      return forms.ok ? ok({ forms: [...forms.value] }) : forms
    },
  })

export const templateRead = (template: AnyTemplate): AnyTool =>
  defineTool({
    ...unseen('resource', template),
    input: template.variables,
    output: Forms,
    async run(variables, context) {
      const forms = await template.read(variables, context)
      return forms.ok ? ok({ forms: [...forms.value] }) : forms
    },
  })

export const promptRead = (prompt: AnyPrompt): AnyTool =>
  defineTool({
    ...unseen('prompt', prompt),
    input: prompt.arguments,
    output: Parts,
    async run(given, context) {
      const parts = await prompt.get(given, context)
      return parts.ok ? ok({ parts: [...parts.value] }) : parts
    },
  })

type Complete = NonNullable<AnyTemplate['complete']>[string]

export const completionRead = (template: AnyTemplate, variable: string, complete: Complete): AnyTool =>
  defineTool({
    ...unseen('completion', { ...template, name: `${template.name}.${variable}` }),
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
