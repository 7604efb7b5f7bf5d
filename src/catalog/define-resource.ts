import type { z } from 'zod'
import type { Result } from '#lib/result.ts'
import type { Scope } from './define-tool.ts'
import type { ToolContext } from './tool-context.ts'
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
  readonly scopes: readonly [Scope, ...Scope[]]
}

/** What a client may read at one address: data, like a tool, and read through the same door (mcp/invoke-tool.ts). */
export interface AnyResource extends ResourceFacts {
  readonly uri: string
  read(context: ToolContext): ReadAnswer
}

export interface AnyTemplate extends ResourceFacts {
  /** RFC 6570 with simple expressions only: `todo://items/{id}`. */
  readonly uriTemplate: string
  /** A z.strictObject with a text for each expression. A value that it refuses is an address that does not exist. */
  readonly variables: z.ZodObject
  read(variables: unknown, context: ToolContext): ReadAnswer
  /** For some of the variables: which values there are, the user's own and no others. */
  readonly complete?: Readonly<
    Record<string, (context: ToolContext) => Promise<Result<readonly string[], ToolDenial>>>
  >
}

interface Template<V extends z.ZodObject> extends Omit<AnyTemplate, 'variables' | 'read'> {
  readonly variables: V
  read(variables: z.output<V>, context: ToolContext): ReadAnswer
}

export const defineResource = (resource: AnyResource): AnyResource => resource

export const defineTemplate = <V extends z.ZodObject>(template: Template<V>): AnyTemplate => ({
  ...template,
  read: (variables, context) => template.read(template.variables.parse(variables), context),
})
