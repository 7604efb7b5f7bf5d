import { afterEach, expect, test } from 'vitest'
import { allowAll, enforce } from '../policies.ts'
import { ask, lists, namings } from './policy-asks.ts'
import { callsOf, TRANSPORTS } from './raw.ts'

// What is hidden from a principal does not exist for it, to the letter.
afterEach(allowAll)

test.for(TRANSPORTS.flatMap((transport) => namings.map((naming) => ({ transport, ...naming }))))(
  '$transport: $what that is hidden gets the bytes of an unknown one',
  async ({ transport, method, of, name, unknown, rule }) => {
    const bearer = `hides_${transport}:g:r.client`
    await enforce([{ id: 'hidden', what: rule, effect: 'hide' }])
    const hidden = await ask(transport, bearer, method, of(name))
    const never = await ask(transport, bearer, method, of(unknown))
    expect({ ...hidden, text: hidden.text.replaceAll(name, unknown), body: null }).toEqual({
      ...never,
      body: null,
    })
    expect(hidden.text).toContain('"error"')
    expect(await callsOf(`hides_${transport}`)).toEqual([])
  },
)

test.for(TRANSPORTS.flatMap((transport) => lists.map((list) => ({ transport, ...list }))))(
  '$transport: $method leaves out what is hidden, and nothing else changes',
  async ({ transport, method, list, name, kind, hidden }) => {
    const bearer = 'lists:g:r.client'
    const whole = await ask(transport, bearer, method)
    await enforce([{ id: 'hidden', what: { kind, name: hidden }, effect: 'hide' }])
    const rest = await ask(transport, bearer, method)
    const result = (body: unknown) => Object(body).result
    const left = result(whole.body)[list].filter((one: Record<string, unknown>) => one[name] !== hidden)
    expect(left).toHaveLength(result(whole.body)[list].length - 1)
    expect(rest).toMatchObject({ status: 200, headers: whole.headers })
    expect(result(rest.body)).toEqual({ ...result(whole.body), [list]: left })
  },
)

test.for(TRANSPORTS.flatMap((transport) => lists.map(({ method }) => ({ transport, method }))))(
  '$transport: $method has the same bytes under a policy that allows everything',
  async ({ transport, method }) => {
    const before = await ask(transport, 'same:g:r.client', method)
    await enforce([
      { id: 'other', what: { kind: 'any', name: 'another' }, effect: 'hide' },
      { id: 'later', what: { kind: 'any' }, effect: 'deny', if: "request.network == 'elsewhere'" },
      { id: 'shadow', what: { kind: 'any' }, effect: 'hide', mode: 'shadow' },
    ])
    expect(await ask(transport, 'same:g:r.client', method)).toEqual(before)
  },
)
