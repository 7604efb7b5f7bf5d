import { expect, test } from 'vitest'
import { clientInFlow } from '../../../src/authorization/shown-name.ts'

const nameOf = (clientName: string) => clientInFlow({ clientName, redirectHost: 'app.example' }).name
const hostOf = (redirectHost: string) => clientInFlow({ clientName: 'x', redirectHost }).host

test.each([
  ['<b>Claude</b>', 'b Claude b'],
  ['{{global.x}} ${y}', 'global.x y'],
  [`a"b'c&d;e\\f\`g`, 'a b c d e f g'],
  ['Cl\u202eau\u200bde\r\nSet-Cookie: x', 'Cl au de Set-Cookie x'],
  ['待办事项, हिन्दी (v2.0)', '待办事项, हिन्दी (v2.0)'],
  ['<>', 'an app without a name'],
  ['x'.repeat(200), `${'x'.repeat(99)}…`],
])('%j is told to the flow as %j', (name, shown) => {
  expect(nameOf(name)).toBe(shown)
})

test.each([
  ['app.example:8443', 'app.example:8443'],
  ['[::1]', '[::1]'],
  ['com.example.app:/done?x=<b>', 'com.example.app:donexb'],
  ['h'.repeat(300), `${'h'.repeat(259)}…`],
])('the host %j is told as %j', (host, shown) => {
  expect(hostOf(host)).toBe(shown)
})
