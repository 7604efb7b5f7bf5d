import { z } from 'zod'
import type { Result } from '#lib/result.ts'
import type { ResourceForm } from './define-resource.ts'
import type { CallContext } from './tool-context.ts'
import type { ToolDenial } from './tool-denial.ts'

/** `instruction`: the product's own text. `resource`: text that others wrote, embedded as data (invariant 9). */
export type PromptPart =
  | { readonly instruction: string }
  | { readonly resource: { readonly uri: string; readonly form: ResourceForm } }

interface PromptFacts {
  /** verbNoun, as on the wire; the file has the same name in kebab-case. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly scopes: readonly [string, ...string[]]
}

/** A prompt that a user picks in their client. */
export interface Prompt<C> extends PromptFacts {
  /** A z.strictObject of texts, each with `.describe()`: arguments of prompts are texts on the wire. */
  readonly arguments: z.ZodObject
  readonly get: (given: unknown, context: C) => Promise<Result<readonly PromptPart[], ToolDenial>>
}

export type AnyPrompt = Prompt<CallContext>

export interface PromptDefinition<C, A extends z.ZodObject> extends PromptFacts {
  readonly arguments: A
  get(given: z.output<A>, context: C): Promise<Result<readonly PromptPart[], ToolDenial>>
}

export const definePrompt = <C, A extends z.ZodObject>(prompt: PromptDefinition<C, A>): Prompt<C> => ({
  ...prompt,
  get: (given, context) => prompt.get(prompt.arguments.parse(given), context),
})

/** For prompts that need nothing from the user. */
export const noArguments = z.strictObject({})
