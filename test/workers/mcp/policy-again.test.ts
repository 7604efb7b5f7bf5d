import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { META } from '#harness/messages.ts'
import { allowAll, control, enforce, switchOf } from '../policies.ts'
import { connect } from './clients.ts'
import { denialsOf } from './policy-asks.ts'
import { addTodos, askStateless, countTodos } from './raw.ts'

// Between a question and its answer the policy may change: the act is decided anew, and deny wins (invariant 18).
afterEach(allowAll)

const never = { id: 'never', what: { kind: 'tool', name: 'deleteTodo' }, effect: 'deny' }
const forbid = () => enforce([never])
const hide = () => enforce([{ ...never, effect: 'hide' }])
const switchOff = () => enforce([], { switches: [switchOf({ kind: 'everything' })] })
const loseHead = async () => void (control.head = null)

const CHANGES = [
  ['deny', forbid, { reason: 'policy_denied', rule: 'never' }, 'does not allow this (rule never)'],
  ['hide', hide, { reason: 'policy_hidden' }, 'has nothing of this name for this user now'],
  ['switch', switchOff, { reason: 'switched_off' }, 'has switched this off'],
  ['no head', loseHead, {}, 'could not be started. Nothing was changed. Try again in 5 seconds.'],
] as const

test.for(CHANGES)(
  'in a session, %s while the user thinks stops the act',
  async ([what, change, facts, words]) => {
    const user = `thinks_${what.replace(' ', '_')}`
    const { client } = await connect('v1', `${user}:g_${user}:rw.client`, async () => {
      await change()
      return { action: 'accept', content: { confirm: true } }
    })
    const ids = await addTodos(`${user}:g_${user}:rw.client`, ['a', 'b'])
    control.newReads.length = 0
    const result = await client.callTool({ name: 'deleteTodo', arguments: { ids } })
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining(words) }],
      _meta: facts,
    })
    expect(control.newReads).toContain(true)
    allowAll()
    expect(await countTodos(`${user}:g_${user}:rw.client`)).toBe(2)
  },
)

const Asked = z.object({ result: z.object({ requestState: z.string() }) })
const YES = { confirm: { action: 'accept', content: { confirm: true } } }
const FORMS = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } }
const remove = (bearer: string, ids: string[], again: object = {}) =>
  askStateless(
    bearer,
    'tools/call',
    { name: 'deleteTodo', arguments: { ids }, ...again },
    { headers: { 'mcp-name': 'deleteTodo' }, meta: FORMS },
  )

test.for([
  ['deny', forbid, ['policy_denied']],
  ['hide', hide, ['policy_hidden']],
  ['switch', switchOff, ['switched_off']],
  ['no head', loseHead, []],
] as const)(
  'without a session, %s while the user thinks stops the act and leaves the answer unused',
  async (given) => {
    const [what, change, reasons] = given
    const user = `thinks_alone_${what.replace(' ', '_')}`
    const bearer = `${user}:g_${user}:rw.client`
    const ids = await addTodos(bearer, ['a', 'b'])
    const { requestState } = Asked.parse((await remove(bearer, ids)).body).result
    control.newReads.length = 0
    await change()
    const stopped = await remove(bearer, ids, { requestState, inputResponses: YES })
    expect(stopped.text).not.toContain('"deleted"')
    // The head that was read before the question does not count.
    expect(control.newReads).toEqual([true])
    expect(await denialsOf(user)).toMatchObject(reasons.map((reason) => ({ reason })))
    allowAll()
    const done = await remove(bearer, ids, { requestState, inputResponses: YES })
    expect(done.body).toMatchObject({ result: { structuredContent: { deleted: ids } } })
  },
)

test('the word of a model is decided anew as well', async () => {
  const bearer = 'model:g_model:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const { client } = await connect('v1', bearer)
  control.newReads.length = 0
  await client.callTool({ name: 'deleteTodo', arguments: { ids, confirm: true } })
  expect(control.newReads.filter((isNew) => isNew)).toHaveLength(1)
})
