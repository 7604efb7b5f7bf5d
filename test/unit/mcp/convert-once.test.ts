import { expect, test } from 'vitest'
import { convertOnce } from '#mcp/lists/listed.ts'
import { tools } from '#todos/tools/index.ts'

const target = 'draft-2020-12'

test.each(tools.map((tool) => [tool.name, tool] as const))(
  '%s: its JSON Schemas are those of zod, made once',
  (_name, { input, output }) => {
    for (const schema of [input, output]) {
      const { jsonSchema } = convertOnce(schema)['~standard']
      const own = schema['~standard'].jsonSchema
      expect(jsonSchema.input({ target })).toEqual(own.input({ target }))
      expect(jsonSchema.output({ target })).toEqual(own.output({ target }))
      expect(jsonSchema.input({ target })).toBe(jsonSchema.input({ target }))
      expect(jsonSchema.input({ target: 'draft-07' })).toEqual(own.input({ target: 'draft-07' }))
    }
  },
)

test('it validates as the schema does', async () => {
  for (const { input } of tools) {
    const { validate } = convertOnce(input)['~standard']
    expect(await validate({ surprise: 1 })).toHaveProperty('issues')
  }
})
