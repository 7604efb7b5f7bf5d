import { META, mcpRequest, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { storyContext } from '#harness/story.ts'
import { expect, test, vi } from 'vitest'
import { openRecords, signHead } from '../support/local-records.ts'

const { mcpUrl, origin, stateDir, newClient, signInWith } = storyContext()

test('what a user does reaches the audit log, and the daily run signs its head', async () => {
  const client = await newClient()
  const { tokens } = await signInWith(client, {})
  const message = rpcRequest('tools/call', { name: 'listTodos', arguments: {}, _meta: META })
  const headers = statelessHeaders('tools/call', 'listTodos')
  const answer = await fetch(mcpUrl, mcpRequest(tokens.access_token, message, headers))
  expect(answer.status).toBe(200)

  using database = openRecords(stateDir)
  const ofClient = database.prepare('SELECT chain, seq, type, what, outcome FROM events WHERE client = ?')
  await vi.waitFor(
    () =>
      expect(ofClient.all(client.clientId)).toContainEqual(
        expect.objectContaining({ type: 'call', what: 'listTodos', outcome: 'done' }),
      ),
    { timeout: 30_000, interval: 200 },
  )
  const chain = ofClient.get(client.clientId)?.['chain'] ?? null
  const entry = database.prepare(
    "SELECT e.seq FROM list_entries AS e JOIN signed_lists USING (kind, n) WHERE kind = 'head' AND chain = ?",
  )
  expect(entry.all(chain)).toEqual([])
  await signHead(origin)
  const last = database.prepare('SELECT max(seq) AS seq FROM events WHERE chain = ?').get(chain)
  expect(entry.all(chain)).toEqual([last])
})
