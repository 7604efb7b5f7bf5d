import type { z } from 'zod'

type Standard = z.ZodObject['~standard']
type Convert = Standard['jsonSchema']['input']

/**
 * A schema for SDK v2 with a cached JSON Schema. The stateless transport creates a server for each request, and the SDK
 * converts the schemas each time: 5 % of a tool call without this cache.
 */
export function convertOnce(schema: z.ZodObject): { '~standard': Standard } {
  const standard = schema['~standard']
  const { input, output } = standard.jsonSchema
  return { '~standard': { ...standard, jsonSchema: { input: once(input), output: once(output) } } }
}

/** Caches the last target; the SDK uses only one. */
function once(convert: Convert): Convert {
  let cached: { target: unknown; schema: ReturnType<Convert> } | undefined
  return (options) => {
    if (cached?.target !== options.target) cached = { target: options.target, schema: convert(options) }
    return cached.schema
  }
}
