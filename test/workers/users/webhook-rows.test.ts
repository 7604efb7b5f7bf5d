import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { type AuditEvent, operations } from '#events/event.ts'
import type { WebhookAnswer } from '#lib/signed-webhook.ts'
import { uuidv7 } from '#lib/uuid.ts'
import { WebhookService } from '#users/audit/webhook.ts'
import { MOST_WEBHOOKS } from '#users/bounds.ts'

const base = () => ({
  id: uuidv7(Date.now()),
  at: '2026-11-01T12:00:00.000Z',
  app: 'todos',
  user: 'u',
})
const numbers = { users: 1, grants: 2 }

/** Each operation begun and ended, with a reason that only the user's key opens, and events that are not for a receiver. */
const events: readonly AuditEvent[] = [
  { ...base(), type: 'operator.signed-in', roles: ['viewer', 'operator'] },
  ...operations.flatMap((operation): AuditEvent[] => {
    const act = { act: crypto.randomUUID(), operation }
    const reason = { plain: {}, personal: 'v1.ciphertext', hmac: { text: 'keyed' } }
    return [
      { ...base(), type: 'operator.began', ...act, about: 'another', reason, affects: numbers },
      { ...base(), type: 'operator.ended', ...act, outcome: 'done', affected: numbers },
    ]
  }),
  { ...base(), type: 'operator.signed-out' },
  { ...base(), type: 'account.signed-in' },
  { ...base(), type: 'grant.opened', scopes: [] },
]

/** A service over the storage of an object. No time passes unless a test lets it. */
class Scene {
  nowSeconds = 1_000_000
  answer: WebhookAnswer = { outcome: 'accepted' }
  readonly sent: { body: string; atSeconds: number }[] = []
  readonly service: WebhookService
  readonly #work: Promise<void>[] = []

  constructor({ kv }: DurableObjectStorage) {
    this.service = new WebhookService({
      kv,
      nowSeconds: () => this.nowSeconds,
      sender: () => ({
        send: async (_id, body) => {
          this.sent.push({ body, atSeconds: this.nowSeconds })
          return this.answer
        },
      }),
      wake: { noLaterThan: () => {} },
      afterAnswer: (started) => void this.#work.push(started),
    })
  }

  async send(): Promise<void> {
    this.service.start()
    await Promise.all(this.#work)
  }
}

const withScene = <T>(act: (scene: Scene) => Promise<T>): Promise<T> =>
  runInDurableObject(env.USER.getByName(crypto.randomUUID()), (_object, { storage }) =>
    act(new Scene(storage)),
  )

const blocked = (): AuditEvent => ({ ...base(), type: 'user.blocked' })

const shippedFrom = (own: number, all: readonly AuditEvent[]) =>
  all.map((event, at) => ({ own: own + at, event }))

test('every act of an operator is sent, without its reason', () =>
  withScene(async (scene) => {
    scene.service.add(shippedFrom(1, events))
    await scene.send()
    const types: unknown[] = scene.sent.map(({ body }) => JSON.parse(body).type)
    expect(types).toEqual([
      'operator.signed-in',
      ...operations.flatMap(() => ['operator.began', 'operator.ended']),
    ])
    const bodies = scene.sent.map(({ body }) => body).join()
    expect(bodies).toContain('"about":"another"')
    expect(bodies).not.toMatch(/ciphertext|keyed|personal|hmac/)
  }))

test('of too many that wait the oldest are kept, and the others are counted in an error line', () =>
  withScene(async (scene) => {
    const lines = vi.spyOn(console, 'error')
    const all = Array.from({ length: MOST_WEBHOOKS + 5 }, blocked)
    scene.service.add(shippedFrom(1, all.slice(0, MOST_WEBHOOKS - 1)))
    scene.service.add(shippedFrom(MOST_WEBHOOKS, all.slice(MOST_WEBHOOKS - 1)))
    await scene.send()
    const ids: unknown[] = scene.sent.map(({ body }) => JSON.parse(body).data.id)
    expect(ids).toEqual(all.slice(0, MOST_WEBHOOKS).map(({ id }) => id))
    expect(lines.mock.calls.flat()).toEqual([expect.stringContaining('"event":"webhook.dropped","count":5')])
    lines.mockRestore()
  }))

test('the pause doubles from half a minute to four hours, and ends with the day', () =>
  withScene(async (scene) => {
    scene.answer = { outcome: 'unavailable', detail: 'status 503' }
    scene.service.add(shippedFrom(1, [blocked()]))
    const startSeconds = scene.nowSeconds
    for (let next = scene.service.nextSeconds(); next !== null; next = scene.service.nextSeconds()) {
      // A second earlier nothing is due.
      scene.nowSeconds = Math.max(startSeconds, next - 1)
      const before = scene.sent.length
      if (next > startSeconds) await scene.send()
      expect(scene.sent).toHaveLength(before)
      scene.nowSeconds = next
      await scene.send()
    }
    const times = scene.sent.map(({ atSeconds }) => atSeconds - startSeconds)
    const pauses = times.slice(1).map((atSeconds, at) => atSeconds - (times[at] ?? 0))
    const doubled = Array.from({ length: 9 }, (_, at) => 30 * 2 ** at)
    expect(pauses).toEqual([...doubled, ...Array<number>(4).fill(14_400)])
    expect(times.at(-1)).toBeLessThan(86_400)
  }))

test('while one message is being sent no other request leaves, and an alarm is set in case the object dies', () =>
  withScene(async (scene) => {
    scene.service.add(shippedFrom(1, [blocked(), blocked()]))
    const sending = scene.send()
    scene.service.start()
    scene.service.start()
    expect(scene.sent).toHaveLength(1)
    expect(scene.service.nextSeconds()).toBe(scene.nowSeconds + 60)
    await sending
    expect([scene.sent.length, scene.service.nextSeconds()]).toEqual([2, null])
  }))
