import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { allowAll, control, enforce } from '../policies.ts'
import { ask, denialsOf, lists, namings } from './policy-asks.ts'
import { callsOf, TRANSPORTS } from './raw.ts'

// A denial says what, why and what to do next; it is never HTTP 403, which clients read as a challenge for scopes.
afterEach(allowAll)

const fitting = namings.filter(({ what }) => !/do not fit|more scopes/.test(what))
const CASES = TRANSPORTS.flatMap((transport) =>
  fitting
    .filter(({ method }) => transport === 'session' || method !== 'resources/subscribe')
    .map((naming) => ({ transport, ...naming })),
)

test.for(CASES)(
  '$transport: $what that is denied says why',
  async ({ transport, method, of, name, rule }) => {
    const user = `denies_${transport}_${method.replace('/', '_')}_${name.replaceAll(/\W/g, '')}`
    await enforce([{ id: 'no-todos', what: rule, effect: 'deny', says: 'Todos are read in the app only.' }])
    const denied = await ask(transport, `${user}:g:r.client`, method, of(name))
    expect(denied.status).toBe(200)
    const words =
      'The policy of this server does not allow this (rule no-todos). Nothing was changed. Its operator says: “Todos are read ' +
      'in the app only.” Waiting does not change it: do not try again as it is. Tell the user, who can ask the operator of ' +
      'this server.'
    const facts = { reason: 'policy_denied', rule: 'no-todos' }
    expect(denied.body).toMatchObject(
      method === 'tools/call'
        ? { id: 1, result: { isError: true, content: [{ type: 'text', text: words }], _meta: facts } }
        : { id: 1, error: { code: -31_000, message: words, data: facts } },
    )
    expect(await callsOf(user)).toEqual([])
    const decision = { effect: 'deny', rules: ['no-todos'], policy: control.head?.policy }
    expect(await denialsOf(user)).toMatchObject([{ reason: 'policy_denied', decision }])
  },
)

test.for(CASES)('$transport: $what that no rule allows says so', async ({ transport, method, of, name }) => {
  await enforce([], { byDefault: 'deny' })
  const denied = await ask(transport, 'defaults:g:r.client', method, of(name))
  expect(denied.status).toBe(200)
  expect(denied.text).toContain('does not allow this: no rule allows it. Nothing was changed.')
  expect(denied.text).toContain('"reason":"policy_denied"')
})

test.for(CASES)('$transport: $what needs an approval that cannot be given', async (given) => {
  const { transport, method, of, name, rule } = given
  await enforce([{ id: 'asks-first', what: rule, effect: 'approve' }])
  const denied = await ask(transport, 'approves:g:r.client', method, of(name))
  expect(denied.status).toBe(200)
  expect(denied.text).toContain('wants this approved first (rule asks-first)')
  expect(denied.text).toContain('"reason":"policy_needs_approval"')
})

test.for(CASES)('$transport: $what is allowed by its rule', async (given) => {
  const { transport, method, of, name, rule } = given
  await enforce([{ id: 'reads', what: rule, effect: 'allow' }], { byDefault: 'hide' })
  const user = `allows_${transport}`
  await ask(transport, `${user}:g:r.client`, method, of(name))
  expect(await denialsOf(user)).toEqual([])
})

test.for(TRANSPORTS)('%s: arguments decide a call, and integers are integers', async (transport) => {
  const rule = { id: 'few', what: { kind: 'tool', name: 'listTodos' }, effect: 'deny' }
  await enforce([{ ...rule, if: 'has(args.limit) && args.limit > 10' }])
  const list = (limit: number) =>
    ask(transport, 'limits:g:r.client', 'tools/call', { name: 'listTodos', arguments: { limit } })
  expect((await list(10)).text).toContain('"total":0')
  expect((await list(11)).text).toContain('(rule few)')
  // What only some arguments are denied stays listed.
  expect((await ask(transport, 'limits:g:r.client', 'tools/list')).text).toContain('"listTodos"')
})

test.for(TRANSPORTS)('%s: the variables of a template decide a read', async (transport) => {
  const rule = { id: 'five', what: { kind: 'resource', name: 'todo://items/{id}' }, effect: 'deny' }
  await enforce([{ ...rule, if: "args.id == '5'" }])
  const read = (uri: string) => ask(transport, 'variables:g:r.client', 'resources/read', { uri })
  for (const uri of ['todo://items/5', 'todo://items/%35'])
    expect((await read(uri)).text).toContain('(rule five)')
  expect((await read('todo://items/6')).text).toContain('There is no such resource.')
})

test.for(TRANSPORTS)('%s: a rule sees the transport, the network and the client', async (transport) => {
  const what = { kind: 'tool', name: 'whoAmI' }
  const condition = `request.transport == '${transport}' && request.network == 'unknown' && client.id == 'client' && client.kind == 'registered'`
  await enforce([{ id: 'here', what, effect: 'deny', if: condition }])
  const denied = await ask(transport, 'sees:g:r.client', 'tools/call', { name: 'whoAmI', arguments: {} })
  expect(denied.text).toContain('(rule here)')
})

const Opens = z.object({ result: z.object({ _meta: z.object({ opensAt: z.iso.datetime() }) }) })

test.for(TRANSPORTS)('%s: a denial that time ends says when', async (transport) => {
  const minute = Math.ceil(Date.now() / 60_000 + 5) * 60_000
  const opens = new Date(minute).toISOString()
  const what = { kind: 'tool', name: 'whoAmI' }
  await enforce([{ id: 'later', what, effect: 'deny', if: `now < timestamp('${opens}')` }])
  const denied = await ask(transport, 'opens:g:r.client', 'tools/call', { name: 'whoAmI', arguments: {} })
  expect(Date.parse(Opens.parse(denied.body).result._meta.opensAt)).toBe(minute)
  const clock = `${opens.slice(0, 16).replace('T', ' ')} UTC`
  expect(denied.text).toContain(`It opens at ${clock}: tell the user, and try again then.`)
})

test.for(TRANSPORTS)(
  '%s: a shadow rule changes nothing, and stands in the record of the call',
  async (transport) => {
    const user = `shadow_${transport}`
    const what = { kind: 'tool', name: 'listTodos' }
    await enforce([{ id: 'would', what, effect: 'deny', mode: 'shadow' }])
    const answer = await ask(transport, `${user}:g:r.client`, 'tools/call', {
      name: 'listTodos',
      arguments: {},
    })
    expect(answer.text).toContain('"total":0')
    const decision = { effect: 'allow', rules: [], policy: control.head?.policy, wouldDeny: ['would'] }
    expect(await callsOf(user)).toMatchObject([{ tool: 'listTodos', decision }])
  },
)

test.for(TRANSPORTS)('%s: a shadow rule about the connection stands in it too', async (transport) => {
  const user = `shadow_connects_${transport}`
  const [what, mode] = [{ kind: 'tool', name: 'listTodos' }, 'shadow']
  await enforce([
    { id: 'z-tool', what, effect: 'deny', mode },
    { id: 'nobody', what: { kind: 'server' }, effect: 'deny', mode },
  ])
  await ask(transport, `${user}:g:r.client`, 'tools/call', { name: 'listTodos', arguments: {} })
  expect(await callsOf(user)).toMatchObject([{ decision: { wouldDeny: ['nobody', 'z-tool'] } }])
})

test.for(TRANSPORTS.flatMap((transport) => lists.map((list) => ({ transport, ...list }))))(
  '$transport: $method leaves out what is denied whatever is asked, and nothing that only some requests are denied',
  async ({ transport, method, kind, hidden }) => {
    const bearer = 'certain:g:r.client'
    const what = { kind, name: hidden }
    await enforce([{ id: 'never', what, effect: 'deny' }])
    expect((await ask(transport, bearer, method)).text).not.toContain(`"${hidden}"`)
    await enforce([{ id: 'elsewhere', what, effect: 'deny', if: "request.network != 'elsewhere'" }])
    expect((await ask(transport, bearer, method)).text).toContain(`"${hidden}"`)
  },
)

test.for(TRANSPORTS)(
  '%s: what is hidden comes before scopes and arguments, what is denied after them',
  async (transport) => {
    const what = { kind: 'tool', name: 'addTodo' }
    const add = (bearer: string, text: unknown) =>
      ask(transport, bearer, 'tools/call', { name: 'addTodo', arguments: { text } })
    await enforce([{ id: 'rule', what, effect: 'deny' }])
    expect((await add(`orders_${transport}:g:r.client`, 7)).status).toBe(403)
    expect((await add(`orders_${transport}:g:rw.client`, 7)).text).toContain('Look at its input schema')
    expect((await add(`orders_${transport}:g:rw.client`, 'x')).text).toContain('(rule rule)')
    await enforce([{ id: 'rule', what, effect: 'hide' }])
    for (const bearer of [`orders_${transport}:g:r.client`, `orders_${transport}:g:rw.client`])
      for (const text of [7, 'x']) expect((await add(bearer, text)).text).toContain('Unknown tool')
  },
)
