import type { z } from 'zod'

type Standard = z.ZodObject['~standard']
type Convert = Standard['jsonSchema']['input']

/**
 * A schema as SDK v2 takes it, with its JSON Schema made once. The stateless transport makes a server for each request, and
 * the SDK asks for the conversion every time; it was a twentieth of a tool call.
 */
export function convertOnce(schema: z.ZodObject): { '~standard': Standard } {
  const standard = schema['~standard']
  const { input, output } = standard.jsonSchema
  return { '~standard': { ...standard, jsonSchema: { input: once(input), output: once(output) } } }
}

/** The SDK asks for one target only; another one is not kept. */
function once(convert: Convert): Convert {
  let known: { target: unknown; made: ReturnType<Convert> } | undefined
  return (options) => {
    if (known?.target !== options.target) known = { target: options.target, made: convert(options) }
    return known.made
  }
}
