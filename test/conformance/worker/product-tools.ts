import { z } from 'zod'
import { err, ok } from '#lib/result.ts'
import { type AnyTool, defineTool } from '#catalog/define-tool.ts'
import { describeFixture } from './contents.ts'

const named = (name: string) =>
  ({ name, title: name, description: describeFixture(name), scopes: ['todo:read'], effect: 'read' }) as const

/** JSON Schema 2020-12 keywords that the suite checks: a transport that rewrites a schema would lose some. */
const FULL_VOCABULARY = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { city: { type: 'string' } } } },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- A keyword of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

/** Asks before it acts; the client carries the state of the question. */
const askingTool = (name: string) =>
  defineTool({
    ...named(name),
    input: z.strictObject({}),
    output: z.object({}),
    confirm: async () => ok({ question: 'Shall this fixture go on?', items: [] }),
    run: async () => ok({}),
    say: () => 'It went on.',
  })

/** Fixtures that fit the product's tool format run like its tools, the stored call included. */
export const fixtureTools: readonly AnyTool[] = [
  defineTool({
    ...named('test_simple_text'),
    input: z.strictObject({}),
    output: z.object({}),
    run: async () => ok({}),
    say: () => 'This is a simple text response for testing.',
  }),
  defineTool({
    ...named('test_error_handling'),
    input: z.strictObject({}),
    output: z.object({}),
    run: async () => err({ reason: 'gone' }),
    say: () => '',
  }),
  defineTool({
    ...named('test_tool_with_progress'),
    input: z.strictObject({}),
    output: z.object({}),
    async run(_input, context) {
      for (const done of [0, 50, 100]) {
        context.progress(done, 100)
        await pause()
      }
      return ok({})
    },
    say: () => 'Done.',
  }),
  askingTool('test_input_required_result_request_state'),
  askingTool('test_input_required_result_tampered_state'),
  defineTool({
    ...named('json_schema_2020_12_tool'),
    input: z
      .strictObject({
        contactMethod: z.enum(['phone', 'email']).optional(),
        phone: z.string().optional(),
        email: z.string().optional(),
        address: z.object({}).meta({ $ref: '#/$defs/address' }).optional(),
      })
      .meta(FULL_VOCABULARY),
    output: z.object({}),
    run: async () => ok({}),
    say: () => '',
  }),
  defineTool({
    ...named('test_mirrored_header'),
    // SEP-2243: a header repeats this argument, and both must agree.
    input: z.strictObject({ region: z.string().max(100).meta({ 'x-mcp-header': 'Region' }) }),
    output: z.object({ region: z.string() }),
    run: async ({ region }) => ok({ region }),
    say: ({ region }) => region,
  }),
]
