import { expect, test } from 'vitest'
import { discardBody, discardRest } from '#http/read-request.ts'

const MEBIBYTE = 1024 * 1024

/** A body of `pieces` pieces of one byte, and what was taken of it. Without a number it stops after one piece. */
function bodyOf(pieces?: number) {
  const seen = { taken: 0, isCancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pieces === undefined && seen.taken === 1) return new Promise<void>(() => undefined)
        if (seen.taken === pieces) return controller.close()
        seen.taken += 1
        return controller.enqueue(new Uint8Array(1))
      },
      cancel() {
        seen.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, seen }
}

test.each([
  [0, { taken: 0, isCancelled: false }],
  [5, { taken: 5, isCancelled: false }],
  [6, { taken: 6, isCancelled: true }],
  [1_000_000, { taken: 6, isCancelled: true }],
])('of %d bytes at most five are dropped, and the one that tells', async (pieces, taken) => {
  const { body, seen } = bodyOf(pieces)
  await discardRest(body.getReader(), { bytes: 5, ms: 60_000 })
  expect(seen).toEqual(taken)
})

test('a sender that stops is let go of at the bound of time', async () => {
  const { body, seen } = bodyOf()
  await discardRest(body.getReader(), { bytes: 5, ms: 1 })
  expect(seen).toEqual({ taken: 1, isCancelled: true })
})

test('a sender that goes away fails nothing', async () => {
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('lost')) })
  await expect(discardRest(body.getReader())).resolves.toBeUndefined()
})

const requestWith = (body: BodyInit | null, headers: Record<string, string> = {}) => {
  const init = { method: 'POST', headers, body, duplex: 'half' as const }
  return new Request('http://server.example/', init)
}

test('a body that is declared too long is cancelled unread, however short it is', async () => {
  const { body, seen } = bodyOf(5)
  await discardBody(requestWith(body, { 'content-length': String(MEBIBYTE + 1) }))
  expect(seen).toEqual({ taken: 0, isCancelled: true })
})

test('no body, a body that was read, and one that is being read are left alone', async () => {
  await discardBody(requestWith(null))
  const read = requestWith('text')
  await read.text()
  await discardBody(read)
  const { body, seen } = bodyOf(5)
  const locked = requestWith(body)
  locked.body?.getReader()
  await discardBody(locked)
  expect(seen).toEqual({ taken: 0, isCancelled: false })
})
