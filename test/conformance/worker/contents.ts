import type { ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js'

/** One grey pixel, PNG. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=='
/** Two samples of silence, WAV. */
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQIAAACAgA=='

export const pixel = { blob: PIXEL, mimeType: 'image/png' } as const

export const text = (words: string) => ({ type: 'text' as const, text: words })
export const image = { type: 'image', data: PIXEL, mimeType: 'image/png' } as const
export const audio = { type: 'audio', data: SILENCE, mimeType: 'audio/wav' } as const
export const embedded = (uri: string, mimeType: string, words: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: words },
})

/** Tools with constant answers, for both transports. The suite defines the names of all fixtures. */
export const constantTools = [
  { name: 'test_image_content', content: [image] },
  { name: 'test_audio_content', content: [audio] },
  { name: 'test_embedded_resource', content: [embedded('test://embedded', 'text/plain', 'Embedded.')] },
  {
    name: 'test_multiple_content_types',
    content: [
      text('Three kinds of content:'),
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"mixed":true}'),
    ],
  },
]

export const describeFixture = (name: string) => `${name}: a fixture of the conformance suite.`

type Form = ElicitRequestFormParams['requestedSchema']

export const responseForm: Form = {
  type: 'object',
  properties: { response: { type: 'string', description: 'What you would like to say' } },
  required: ['response'],
}

/** SEP-1034: a default for every kind of field. */
export const defaultsForm: Form = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
  required: [],
}

const choices = [
  { const: 'value1', title: 'First' },
  { const: 'value2', title: 'Second' },
  { const: 'value3', title: 'Third' },
]

/** SEP-1330: single and multiple choice, with and without titles, and the legacy titles. */
export const enumsForm: Form = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: choices },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: choices } },
  },
  required: [],
}
