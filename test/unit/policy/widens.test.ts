import { expect, test } from 'vitest'
import { widens } from '#policy/widens.ts'
import { document, type RuleInput, rule } from './support.ts'

const deny = (over: RuleInput = {}) =>
  rule('no-renames', { what: { kind: 'tool', name: 'renameTodo' }, ...over })
const allow = (over: RuleInput = {}) => deny({ id: 'renames', effect: 'allow', ...over })
const open = (...rules: RuleInput[]) => document(rules)
const hide = (over: RuleInput = {}) => deny({ effect: 'hide', ...over })
const NIGHT = 'now.getHours() < 8'
const closed = (...rules: RuleInput[]) => document(rules, { default: 'deny' })

const serverAllow = rule('who-connects', {
  what: { kind: 'server' },
  effect: 'allow',
  who: [{ group: 'staff' }],
})

test.each([
  ['nothing changes', open(deny()), open(deny())],
  ['a deny is added', open(), open(deny())],
  ['an allow is removed', closed(allow()), closed()],
  ['a deny becomes a hide', open(deny()), open(deny({ effect: 'hide' }))],
  ['a deny loses its condition', open(deny({ if: 'now.getHours() < 8' })), open(deny())],
  [
    'a deny gets more names',
    open(deny()),
    open(deny({ what: { kind: 'tool', name: { glob: '**' } } }), deny()),
  ],
  ['a deny means everyone', open(deny({ who: [{ group: 'staff' }] })), open(deny())],
  ['an allow gets a condition', closed(allow()), closed(allow({ if: 'args.id == "7"' }))],
  ['an allow means fewer', closed(allow()), closed(allow({ who: [{ group: 'staff' }] }))],
  ['the order and a sentence change', open(deny(), deny({ id: 'b' })), open(deny({ id: 'b', says: 'No.' }))],
  ['a rule with a condition stays', open(deny({ if: NIGHT })), open(deny({ if: NIGHT }))],
  ['a rule that hides with a condition stays', open(hide({ if: NIGHT })), open(hide({ if: NIGHT }))],
  ['a deny with a condition becomes a hide', open(deny({ if: NIGHT })), open(hide({ if: NIGHT }))],
  ['an allow with a condition stays', closed(allow({ if: NIGHT })), closed(allow({ if: NIGHT }))],
  [
    'a rule denies who connects',
    open(serverAllow),
    open(serverAllow, { ...serverAllow, id: 'b', effect: 'deny' }),
  ],
  ['a shadow rule goes', open(deny({ mode: 'shadow' })), open()],
  ['the default closes', open(), document([allow()], { default: 'hide' })],
])('nothing is widened when %s', (_what, before, after) => {
  expect(widens(before, after)).toEqual([])
})

test.each([
  ['a rule that denies goes', open(deny()), open(), 'Rule no-renames, which denies, is gone.'],
  [
    'a rule that asks goes',
    open(deny({ effect: 'approve' })),
    open(),
    'Rule no-renames, which asks for an approval, is gone.',
  ],
  [
    'another rule takes its place',
    open(deny()),
    open(hide({ id: 'other', what: { kind: 'prompt' } })),
    'Rule no-renames, which denies, is gone.',
  ],
  [
    'one of two rules goes',
    open(deny({ id: 'a', what: { kind: 'prompt' } }), deny()),
    open(deny({ id: 'a', what: { kind: 'prompt' } })),
    'Rule no-renames, which denies, is gone.',
  ],
  [
    'a block becomes an allow',
    open(deny()),
    open(deny({ effect: 'allow' })),
    'Rule no-renames, which denies, may match less than before.',
  ],
  [
    'a condition is another one',
    open(deny({ if: NIGHT })),
    open(deny({ if: 'now.getHours() < 7' })),
    'Rule no-renames, which denies, may match less than before.',
  ],
  [
    'the condition of an allow is another one',
    closed(allow({ if: NIGHT })),
    closed(allow({ if: 'now.getHours() < 9' })),
    'Rule renames, which allows, may match more than before.',
  ],
  [
    'an allow loses its condition',
    closed(allow({ if: NIGHT })),
    closed(allow()),
    'Rule renames, which allows, may match more than before.',
  ],
  [
    'a shadow rule is enforced',
    closed(allow({ mode: 'shadow' })),
    closed(allow()),
    'Rule renames allows more: Rule no-renames spoke.',
  ],
  [
    'an allow is added beside another',
    closed(allow({ id: 'a', what: { kind: 'prompt' } })),
    closed(allow({ id: 'a', what: { kind: 'prompt' } }), allow()),
    'Rule renames allows more: Rule no-renames spoke.',
  ],
  [
    'who connects is only tried',
    open(serverAllow),
    open({ ...serverAllow, mode: 'shadow' }),
    'Everyone may connect: no enforced rule of kind server allows any more.',
  ],
  [
    'who connects is only denied',
    open(serverAllow),
    open({ ...serverAllow, effect: 'deny' }),
    'Everyone may connect: no enforced rule of kind server allows any more.',
  ],
  [
    'a rule becomes a shadow',
    open(deny({ effect: 'hide' })),
    open(deny({ effect: 'hide', mode: 'shadow' })),
    'Rule no-renames, which hides, is no longer enforced.',
  ],
  [
    'a rule gets a condition',
    open(deny()),
    open(deny({ if: 'args.id == "7"' })),
    'Rule no-renames, which denies, may match less than before.',
  ],
  [
    'what was hidden at times is denied at those times, so a list shows it',
    open(deny({ effect: 'hide', if: 'now.getHours() < 8' })),
    open(deny({ if: 'now.getHours() < 8' })),
    'Rule no-renames, which hides, may match less than before.',
  ],
  ['an allow is added', closed(), closed(allow()), 'Rule renames allows more: Rule no-renames spoke.'],
  [
    'an allow means more users',
    closed(allow({ who: [{ group: 'staff' }] })),
    closed(allow()),
    'Rule renames, which allows, may match more than before.',
  ],
  [
    'the default opens',
    closed(),
    open(),
    'Where no rule matches, everything is allowed now (default: deny becomes allow).',
  ],
  [
    'no rule says who connects any more',
    open(serverAllow),
    open(),
    'Everyone may connect: no enforced rule of kind server allows any more.',
  ],
  [
    'more may connect',
    open(serverAllow),
    open({ ...serverAllow, who: [{ group: 'staff' }, { group: 'guests' }] }),
    'Rule who-connects, which allows, may match more than before.',
  ],
  [
    'claims may be older',
    open(),
    document([], { claimsMaxAgeSeconds: 7200 }),
    'Groups and claims count for 7200 seconds, before for 3600.',
  ],
])('it is named when %s', (_what, before, after, sentence) => {
  expect(widens(before, after)).toEqual([sentence])
})

test('the first rule about who connects closes the door for all others', () => {
  expect(widens(open(), open(serverAllow))).toEqual([])
})
