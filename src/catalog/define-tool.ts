import type { z } from 'zod'
import { ok, type Result } from '#lib/result.ts'
import { type Confirmation, confirmArgument } from './confirmation.ts'
import type { CallContext, ToolContext } from './tool-context.ts'
import type { ToolDenial } from './tool-denial.ts'

export type Effect = 'read' | 'add' | 'change' | 'delete'

interface ToolFacts {
  /** verbNoun, as on the wire; the file has the same name in kebab-case. */
  readonly name: string
  readonly title: string
  /** For the model: what it does and when to use it. */
  readonly description: string
  /** Every scope that the call needs. Empty only for a tool of the engine that every grant has. */
  readonly scopes: readonly string[]
  readonly effect: Effect
}

export interface ToolDefinition<C, I extends z.ZodObject, O extends z.ZodObject> extends ToolFacts {
  /** A z.strictObject without transforms that change a value twice: it is parsed at the border and here. */
  readonly input: I
  readonly output: O
  run(input: z.output<I>, context: C): Promise<Result<z.input<O>, ToolDenial>>
  /** The output in our words, for a user to read, without values that others chose: those are shown as JSON. */
  say(output: z.output<O>, input: z.output<I>): string
  /**
   * The same values as shorter JSON, for the text of the result: all that a model gets from many clients. `say` explains
   * its form. Default: the output itself.
   */
  compact?(output: z.output<O>): unknown
  /** What the user must agree to before `run`; null: nothing. It only looks: it changes nothing. */
  confirm?(input: z.output<I>, context: C): Asking
  /** For a tool with several effects: whether some of them may or may not have happened (invariant 7). */
  isUnknown?(output: z.output<O>): boolean
}

/** A tool of a product needs a scope: leaving it out is a compile error. */
export interface NeedsScopes {
  readonly scopes: readonly [string, ...string[]]
}

type Asking = Promise<Result<Confirmation | null, ToolDenial>>

/** What both SDKs and invokeTool see: the same tool with its types erased, so that all fit in one list. */
export interface Tool<C> extends ToolFacts {
  readonly input: z.ZodObject
  readonly output: z.ZodObject
  readonly run: (input: unknown, context: C) => Promise<Result<ToolOutput, ToolDenial>>
  readonly confirm?: ((input: unknown, context: C) => Asking) | undefined
}

/** A tool of a product, before the product is connected. */
export type ProductTool<Api> = Tool<ToolContext<Api>>
/** A tool as the engine calls it. */
export type AnyTool = Tool<CallContext>

export interface ToolOutput {
  structured: Record<string, unknown>
  text: string
  /** Instead of `structured` in the text of the result. */
  compact?: unknown
  /** Some of it may or may not have happened. */
  isUnknown?: boolean
}

/** Input and output are both parsed here, so that a field that no schema names can neither enter nor leak. */
export function defineTool<C, I extends z.ZodObject, O extends z.ZodObject>(
  tool: ToolDefinition<C, I, O>,
): Tool<C> {
  const asks = tool.confirm !== undefined
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    scopes: tool.scopes,
    effect: tool.effect,
    input: asks ? tool.input.safeExtend({ confirm: confirmArgument }) : tool.input,
    output: tool.output,
    async run(input, context) {
      const given = tool.input.parse(input)
      const answer = await tool.run(given, context)
      if (!answer.ok) return answer
      const output = tool.output.parse(answer.value)
      const isUnknown = tool.isUnknown?.(output) === true
      return ok({
        structured: output,
        text: tool.say(output, given),
        ...(tool.compact === undefined ? {} : { compact: tool.compact(output) }),
        ...(isUnknown ? { isUnknown } : {}),
      })
    },
    confirm: asks
      ? async (input, context) => tool.confirm?.(tool.input.parse(input), context) ?? ok(null)
      : undefined,
  }
}
