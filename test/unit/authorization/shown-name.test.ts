import { expect, test } from 'vitest'
import { clientInFlow, userNameIn, userNamesIn, shownClientName } from '#authorization/clients/shown-name.ts'

const nameOf = (clientName: string) => clientInFlow({ clientName, redirectHost: 'app.example' }).name
const CLAIMS = {
  groups: [],
  mapped: { names: [], isAny: false, groups: [], claims: {}, incomplete: [] },
  iss: 'https://op.example',
  sub: 's',
  sid: 's',
  acr: 'policy',
}
const hostOf = (redirectHost: string) => clientInFlow({ clientName: 'x', redirectHost }).host

test.each([
  ['<b>Claude</b>', 'b Claude b'],
  ['{{global.x}} ${y}', 'global.x y'],
  [`a"b'c&d;e\\f\`g`, 'a b c d e f g'],
  ['Cl\u202eau\u200bde\r\nSet-Cookie: x', 'Cl au de Set-Cookie x'],
  ['待办事项, हिन्दी (v2.0)', '待办事项, हिन्दी (v2.0)'],
  ['هم‌یار ශ්‍රී 邉󠄞', 'هم‌یار ශ්‍රී 邉󠄞'],
  ['👨‍👩‍👧 Claude\u200d', 'Claude'],
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

test.each([
  ['👨‍👩‍👧 1️⃣ می‌روم', '👨‍👩‍👧 1️⃣ می‌روم'],
  ['😀'.repeat(100), '😀'.repeat(100)],
  ['😀'.repeat(101), `${'😀'.repeat(99)}…`],
  ['Cl\u200ba\u202eude\u{e0041}\ufe0f', 'Claude'],
])('%j is the name %j of a client, and of a user', (name, shown) => {
  expect(shownClientName(name)).toBe(shown)
  expect(userNameIn({ ...CLAIMS, name })).toBe(shown)
})

test('the username is cleaned and bounded as the name is, and never taken from another claim', () => {
  const names = (preferred_username?: string) => userNamesIn({ ...CLAIMS, name: 'Ada', preferred_username })
  expect(names('a\u202eda\n ')).toEqual({ userName: 'Ada', preferredUsername: 'ada' })
  const longest = `${'a'.repeat(116)}@example.com`
  expect(names(longest).preferredUsername).toBe(longest)
  expect(names(`a${longest}`).preferredUsername).toHaveLength(128)
  for (const none of [undefined, '', '\u200b\u3164'])
    expect(names(none)).toEqual({ userName: 'Ada', preferredUsername: null })
})

test('a name of which nothing can be seen is a neutral word, and a user is called by the next one', () => {
  for (const name of ['\ufe0f\u{e0100}', '\u3164\u2800', '\u200d\u200c', '\u0301', '\u{e0041}\u{e007f}']) {
    expect(shownClientName(name)).toBe('an app without a name')
    expect(userNameIn({ ...CLAIMS, name, preferred_username: 'ada' })).toBe('ada')
    expect(userNameIn({ ...CLAIMS, name })).toBeNull()
  }
})
