import { expect, test } from 'vitest'
import { askAbout, HEAD } from '#harness/policy.ts'
import { SESSIONS_PER_GRANT } from '#users/bounds.ts'
import { present } from '../present.ts'
import { giveToken, intent, TOKEN, userWith } from './story.ts'
import { clock } from './worker.ts'

const nameOf = (session: number) => session.toString(16).padStart(64, '0')

test('a session that makes calls is not the one that newer sessions evict', async () => {
  const user = await userWith('busy', 'g1')
  await giveToken(user)
  for (let session = 0; session < SESSIONS_PER_GRANT; session += 1, clock.nowMs += 1000)
    await user.openSession(nameOf(session), 'g1', 'client-a')
  const {
    grant: _grant,
    client: _client,
    policy: _policy,
    ask: _ask,
    ...call
  } = intent({ tool: 'listTodos', effect: 'read' })
  const entered = await user.enter({
    grant: 'g1',
    token: TOKEN,
    audience: 'x',
    session: nameOf(0),
    policy: HEAD,
    ask: askAbout('listTodos'),
    needs: { scopes: ['todo:read'], tool: 'listTodos', network: '192.0.2.0/24' },
    call: { ...call, transport: 'session', key: null },
  })
  expect(entered).toMatchObject({ session: 'open', start: { verdict: 'go' } })
  await user.openSession(nameOf(SESSIONS_PER_GRANT), 'g1', 'client-a')
  const stateOf = async (session: number) => (await present(user, 'g1', TOKEN, nameOf(session))).session
  expect([await stateOf(0), await stateOf(1), await stateOf(2)]).toEqual(['open', 'closed', 'open'])
})
