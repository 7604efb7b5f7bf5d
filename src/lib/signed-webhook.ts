import { Webhook } from 'standardwebhooks'
import { boundedFetch, type Fetch, TooLargeError } from './bounded-fetch.ts'
import type { Secret } from './secret.ts'

const DEADLINE_MS = 10_000
/** Only the status of an answer matters. */
const MAX_ANSWER_BYTES = 64 * 1024
/** Request Timeout, Too Early, Too Many Requests: later it may be another answer. */
const PASSING = [408, 425, 429]

/** `refused`: the receiver does not want this message. `unavailable`: try again later. `detail` never has an address or a secret. */
export type WebhookAnswer = { outcome: 'accepted' } | { outcome: 'refused' | 'unavailable'; detail: string }

/** Sends one message. The receiver recognises a repeated one by its id. Never throws. */
export interface WebhookSender {
  send(id: string, body: string): Promise<WebhookAnswer>
}

interface WebhookSenderDeps {
  fetch: Fetch
  nowMs: () => number
  deadlineMs?: number
}

/** Signs by Standard Webhooks (symmetric, `v1`). Address and secret come from the settings alone. */
export const makeWebhookSender = (
  { url, secret }: { url: string; secret: Secret },
  { fetch, nowMs, deadlineMs = DEADLINE_MS }: WebhookSenderDeps,
): WebhookSender => ({
  async send(id, body) {
    try {
      const sentAt = new Date(nowMs())
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        'webhook-signature': new Webhook(secret.reveal()).sign(id, sentAt, body),
      }
      const request = new Request(url, { method: 'POST', headers, body })
      const { status } = await boundedFetch(fetch, request, { deadlineMs, maxBytes: MAX_ANSWER_BYTES })
      return answerOf(status)
    } catch (error) {
      if (error instanceof TooLargeError) return { outcome: 'refused', detail: 'answer too large' }
      return { outcome: 'unavailable', detail: error instanceof Error ? error.name : 'unknown' }
    }
  },
})

function answerOf(status: number): WebhookAnswer {
  if (status >= 200 && status < 300) return { outcome: 'accepted' }
  const isRefused = status >= 300 && status < 500 && !PASSING.includes(status)
  return { outcome: isRefused ? 'refused' : 'unavailable', detail: `status ${status}` }
}
