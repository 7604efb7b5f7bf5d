import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv-provider.js'
import { expect, test } from 'vitest'
import { describeTool } from '../../../src/mcp/list-tools.ts'
import { listedTool } from '../../../src/mcp/listed-tool.ts'
import { tools } from '../../../src/tools/index.ts'

const asSent = (schema: unknown) => JSON.parse(JSON.stringify(schema))

test.each(tools.map((tool) => [tool.name, tool] as const))(
  '%s: schemas compile in a client with SDK v1',
  (_name, tool) => {
    const { inputSchema, outputSchema } = listedTool(tool)
    const validator = new AjvJsonSchemaValidator()
    expect(validator.getValidator(asSent(inputSchema))({ surprise: 1 }).valid).toBe(false)
    expect(validator.getValidator(asSent(outputSchema))({}).valid).toBe(false)
    expect(JSON.stringify([inputSchema, outputSchema])).not.toContain('"$ref"')
  },
)

test.each([
  [['todo:read', 'todo:write'], ''],
  [['todo:read'], ' Needs todo:write: calling it asks for permission.'],
  [[], ' Needs todo:read and todo:write: calling it asks for permission.'],
])('with the scopes %j the description of a tool that writes ends in %j', (scopes, end) => {
  for (const tool of tools.filter(({ effect }) => effect !== 'read')) {
    expect(describeTool(tool, scopes).description).toBe(tool.description + end)
  }
})
