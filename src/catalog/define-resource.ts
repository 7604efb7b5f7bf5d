import type { z } from 'zod'
import type { Result } from '#lib/result.ts'
import type { CallContext } from './tool-context.ts'
import type { ToolDenial } from './tool-denial.ts'

/** One form of what is read; a resource may come in several, text for users and JSON for programs. */
export type ResourceForm = { mimeType: string } & ({ text: string } | { blob: string })

export type ReadAnswer = Promise<Result<readonly ResourceForm[], ToolDenial>>

interface ResourceFacts {
  /** lowerCamelCase, as on the wire; the file has the same name in kebab-case. */
  readonly name: string
  readonly title: string
  /** For the client and its model: what there is to read. */
  readonly description: string
  readonly mimeType: string
  readonly scopes: readonly [string, ...string[]]
}

/** What a client may read at one address: data, like a tool, and read through the same door (mcp/calls/invoke-tool.ts). */
export interface Resource<C> extends ResourceFacts {
  readonly uri: string
  readonly read: (context: C) => ReadAnswer
}

export interface Template<C> extends ResourceFacts {
  /** RFC 6570 with simple expressions only: `notes://{id}`. */
  readonly uriTemplate: string
  /** A z.strictObject with a text for each expression. A value that it refuses is an address that does not exist. */
  readonly variables: z.ZodObject
  readonly read: (variables: unknown, context: C) => ReadAnswer
  /** For some of the variables: which values there are, the user's own and no others. */
  readonly complete?: Readonly<Record<string, (context: C) => Promise<Result<readonly string[], ToolDenial>>>>
}

export type AnyResource = Resource<CallContext>
export type AnyTemplate = Template<CallContext>

export interface TemplateDefinition<C, V extends z.ZodObject> extends Omit<
  Template<C>,
  'variables' | 'read'
> {
  readonly variables: V
  read(variables: z.output<V>, context: C): ReadAnswer
}

export const defineResource = <C>(resource: Resource<C>): Resource<C> => resource

export const defineTemplate = <C, V extends z.ZodObject>(
  template: TemplateDefinition<C, V>,
): Template<C> => ({
  ...template,
  read: (variables, context) => template.read(template.variables.parse(variables), context),
})
