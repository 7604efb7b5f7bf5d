import { expect, test } from 'vitest'
import { readBounded, TooLargeError } from '#lib/bounded-fetch.ts'

/** A body in one-byte chunks, and whether its source was cancelled. */
function bodyOf(text: string) {
  const bytes = [...new TextEncoder().encode(text)]
  const source = { isCancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const byte = bytes.shift()
      if (byte === undefined) controller.close()
      else controller.enqueue(Uint8Array.of(byte))
    },
    cancel() {
      source.isCancelled = true
    },
  })
  return { body, source }
}

test.each(['', 'a', 'five!'])('%j is read to its end', async (text) => {
  expect(new TextDecoder().decode(await readBounded(bodyOf(text).body, 5))).toBe(text)
})

test('no body is an empty one', async () => {
  expect(await readBounded(null, 5)).toEqual(new Uint8Array())
})

test('a body that is longer is refused, and its source is let go of', async () => {
  const { body, source } = bodyOf('too long')
  await expect(readBounded(body, 5)).rejects.toThrow(TooLargeError)
  expect(source.isCancelled).toBe(true)
})
