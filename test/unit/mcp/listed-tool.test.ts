import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv-provider.js'
import { expect, test } from 'vitest'
import { describeTool, listedTool } from '#mcp/lists/listed.ts'
import { catalog } from '#harness/product.ts'

const { tools } = catalog

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

test('the description of a tool is the one of the product, and nothing is added', () => {
  for (const tool of tools) expect(describeTool(tool).description).toBe(tool.description)
})
