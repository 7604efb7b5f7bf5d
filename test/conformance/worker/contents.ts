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
