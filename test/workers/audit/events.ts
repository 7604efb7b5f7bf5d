import { GENESIS, hashOf } from '#events/chain.ts'
import { AuditEvent } from '#events/event.ts'
import type { Batch } from '#events/store.ts'
import { uuidv7 } from '#lib/uuid.ts'

export const START_MS = Date.UTC(2026, 0, 1)
const isoOf = (ms: number) => new Date(ms).toISOString()

/** What a test says of an event; everything else has an ordinary value. */
export type Part = { type: AuditEvent['type']; atMs?: number } & Record<string, unknown>

const client = { id: 'https://agent.example.com/client.json', domain: 'agent.example.com' }

/** Ordinary values of the fields that a type has beside the shared ones. */
const ordinary: Partial<Record<AuditEvent['type'], Record<string, unknown>>> = {
  'chain.opened': { previous: null },
  call: {
    transport: 'session',
    what: { kind: 'tool', name: 'addNote' },
    effect: 'write',
    step: 'act',
    scopes: ['notes:write'],
    bytesIn: 180,
    arguments: { personal: 'x'.repeat(120) },
    outcome: 'done',
    endedAt: isoOf(START_MS + 40),
    ms: 40,
    api: { requests: 1, status: 200, ms: 30, bytesSent: 80, bytesReceived: 400 },
  },
  'call.began': {
    transport: 'session',
    what: { kind: 'tool', name: 'addNote' },
    effect: 'write',
    step: 'act',
  },
  'call.ended': { what: { kind: 'tool', name: 'addNote' }, outcome: 'done', endedAt: isoOf(START_MS + 40) },
  'call.denied': { reason: 'insufficient_scope', count: 1, lastAt: isoOf(START_MS) },
  'session.closed': { reason: 'deleted' },
}

/** A valid event of this user. */
export function newEvent(user: string, { type, atMs = START_MS, ...part }: Part): AuditEvent {
  return AuditEvent.parse({
    id: uuidv7(atMs),
    at: isoOf(atMs),
    app: 'notes',
    user,
    type,
    ...(type === 'chain.opened'
      ? {}
      : {
          transaction: crypto.randomUUID(),
          grant: 'grant',
          client,
          network: '192.0.2.0/24',
          agent: 'claude',
        }),
    ...ordinary[type],
    ...part,
  })
}

/** The chain of one user's object, as its shipper builds it. */
export class TestChain {
  readonly chain: string
  epoch = 1
  seq = 0
  hash = GENESIS

  constructor(chain: string = crypto.randomUUID()) {
    this.chain = chain
  }

  /** The next events as a batch. */
  async next(...parts: readonly Part[]): Promise<Batch> {
    return this.ship(parts.map((part) => JSON.stringify(newEvent(this.chain, part))))
  }

  async ship(bodies: readonly string[]): Promise<Batch> {
    const events: { seq: number; body: string; hash: string }[] = []
    for (const body of bodies) {
      this.seq += 1
      const place = { chain: this.chain, epoch: this.epoch, seq: this.seq }
      this.hash = await hashOf(this.hash, place, body)
      events.push({ seq: this.seq, body, hash: this.hash })
    }
    return { chain: this.chain, epoch: this.epoch, events, rejected: [], directory: null }
  }

  /** As it was, for an object that is restored later. */
  copy(): TestChain {
    return Object.assign(new TestChain(this.chain), { epoch: this.epoch, seq: this.seq, hash: this.hash })
  }

  get head() {
    return { chain: this.chain, epoch: this.epoch, seq: this.seq, hash: this.hash }
  }
}
