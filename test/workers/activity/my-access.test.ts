import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { Client } from '../faults/client.ts'
import { fetchFromWorld } from '../faults/world.ts'
import type { Revision } from '../grants/door.ts'
import { passSeconds, startClock, stopClock } from '../grants/support.ts'
import { AUDIT_TOOLS, call, newOperator, newRegistered, refresh, REVISIONS, stepUp } from './story.ts'

// The OAuth library fetches metadata documents by itself.
beforeAll(() => void vi.stubGlobal('fetch', fetchFromWorld))
afterAll(() => void vi.unstubAllGlobals())
beforeEach(stopClock)
afterEach(startClock)

const Items = z.array(z.looseObject({ name: z.string(), now: z.string() }))

async function auditItems(client: Client, revision: Revision) {
  const { structured } = await call(client, revision, 'myAccess')
  return Items.parse(structured?.['items']).filter(({ name }) => AUDIT_TOOLS.some((one) => one === name))
}

test.each(REVISIONS)(
  '%s: to an operator myAccess says what the tools of operators need',
  async (revision) => {
    const { client, subject } = await newOperator()
    const lacking = { now: 'no', kind: 'tool', missing: ['audit:read'], way: 'call' }
    expect(await auditItems(client, revision)).toEqual(AUDIT_TOOLS.map((name) => ({ name, ...lacking })))
    await stepUp(client, subject)
    await refresh(client)
    const usable = { now: 'yes', kind: 'tool' }
    expect(await auditItems(client, revision)).toEqual(AUDIT_TOOLS.map((name) => ({ name, ...usable })))
    // The sign-in counts for an hour.
    passSeconds(3601)
    await refresh(client)
    expect(await auditItems(client, revision)).toEqual(AUDIT_TOOLS.map((name) => ({ name, ...lacking })))
  },
)

test.each(REVISIONS)('%s: to everyone else they do not exist, by name either', async (revision) => {
  const client = await newRegistered()
  expect(await auditItems(client, revision)).toEqual([])
  const [hidden, unknown] = await Promise.all(
    ['findActivity', 'noSuchTool'].map((name) => call(client, revision, 'myAccess', { name })),
  )
  expect(hidden?.structured).toEqual(unknown?.structured)
  expect(hidden?.structured).toMatchObject({ items: [] })
})
