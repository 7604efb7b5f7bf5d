import { ToolSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { AnyTool } from '../tools/define-tool.ts'

/**
 * A tool as the stateful lane lists it. SDK v1 wants JSON Schema where SDK v2 takes zod, and its clients compile
 * the output schema with an Ajv that knows draft 7 only.
 */
export const listedTool = ({ name, input, output }: AnyTool) =>
  ToolSchema.parse({
    name,
    inputSchema: z.toJSONSchema(input, { target: 'draft-7', io: 'input' }),
    outputSchema: z.toJSONSchema(output, { target: 'draft-7', io: 'output' }),
  })
