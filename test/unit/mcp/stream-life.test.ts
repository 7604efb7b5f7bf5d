import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { passListening } from '#mcp/edge/answer-pass.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CHECK_MS = 1000

/** An open stream, tied to the access token that opened it. */
function openStream() {
  const state = { isAlive: true, isDown: false, nowSeconds: 0, checks: 0, isCancelled: false }
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
    cancel: () => {
      state.isCancelled = true
    },
  })
  const response = new Response(source, { headers: { 'content-type': 'text/event-stream' } })
  const tied = passListening(response, {
    endsAtSeconds: 100,
    nowSeconds: () => state.nowSeconds,
    checkMs: CHECK_MS,
    isAlive: async () => {
      state.checks += 1
      if (state.isDown) throw new Error('no answer')
      return state.isAlive
    },
  })
  const read = { isOver: false }
  const reader = tied.body?.getReader()
  const readOn = async () => {
    while ((await reader?.read())?.done === false);
    read.isOver = true
  }
  void readOn()
  return { state, read, reader, pass: () => vi.advanceTimersByTimeAsync(CHECK_MS) }
}

test('a stream stays open while its access token is good, and ends when it is not', async () => {
  const { state, read, pass } = openStream()
  await pass()
  await pass()
  expect([state.checks, read.isOver]).toEqual([2, false])
  state.isAlive = false
  await pass()
  expect([read.isOver, state.isCancelled]).toEqual([true, true])
  await pass()
  expect(state.checks).toBe(3)
})

test('an outage ends no stream before the end of its access token, and no stream outlives that', async () => {
  const { state, read, pass } = openStream()
  state.isDown = true
  await pass()
  expect(read.isOver).toBe(false)
  state.nowSeconds = 100
  await pass()
  expect([read.isOver, state.checks]).toEqual([true, 1])
})

test('nobody is asked about a stream that its client has left', async () => {
  const { state, reader, pass } = openStream()
  await reader?.cancel()
  await pass()
  expect([state.checks, state.isCancelled]).toEqual([0, true])
})

test('an answer that is no stream stays as it is', () => {
  const answer = Response.json({})
  const never = { endsAtSeconds: 0, nowSeconds: () => 1, isAlive: async () => false, checkMs: CHECK_MS }
  expect(passListening(answer, never)).toBe(answer)
})
