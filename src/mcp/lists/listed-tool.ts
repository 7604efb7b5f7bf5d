import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'

const Schema = z
  .object({
    type: z.literal('object'),
    properties: z.record(z.string(), z.record(z.string(), z.json())),
    required: z.array(z.string()).exactOptional(),
  })
  .catchall(z.json())

/**
 * A tool as both transports list it. Its schemas are of draft 7, which says for ours what 2020-12 says: clients with SDK v1
 * compile them with an Ajv that knows no other. `$schema` says so, as MCP 2026-07-28 asks of what is not 2020-12.
 */
export const listedTool = ({ name, input, output }: AnyTool) => ({
  name,
  inputSchema: Schema.parse(z.toJSONSchema(input, { target: 'draft-7', io: 'input' })),
  outputSchema: Schema.parse(z.toJSONSchema(output, { target: 'draft-7', io: 'output' })),
})
