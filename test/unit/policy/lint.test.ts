import { expect, test } from 'vitest'
import { lint, lintErrors } from '#policy/lint.ts'
import { found, SHELF, tool, USER } from './shelf.ts'
import { document, rule } from './support.ts'

test('rules that fit the product have no findings', () => {
  const rules = [
    rule('staff-reads', { what: { kind: 'any', writes: false }, who: [{ group: 'staff' }], effect: 'allow' }),
    rule('short-loans', {
      ...tool('lendBook'),
      who: [{ claim: 'department', is: 'sales' }, { user: USER }],
      if: 'args.days <= 30 && (!has(args.note) || size(args.note) < 100)',
      effect: 'allow',
    }),
    rule('one-shelf', {
      what: { kind: 'resource', name: { glob: 'book://novels/*' } },
      if: 'args.id != "7"',
      effect: 'allow',
    }),
    rule('connecting', { what: { kind: 'server' }, if: 'client.domain == "claude.ai"', effect: 'allow' }),
  ]
  expect(found(rules)).toEqual([])
})

test('two rules with one id are an error', () => {
  expect(found([rule('twice', tool('lendBook')), rule('twice', tool('dropBook'))])).toEqual([
    'error twice duplicate-id: another rule has the same id',
  ])
})

test('an approval cannot be given yet', () => {
  expect(found([rule('ask', { ...tool('lendBook'), effect: 'approve' })])).toEqual([
    'error ask approve: this release cannot give approvals: use deny, or leave the rule out',
  ])
})

test('the server can be denied, not hidden', () => {
  expect(found([rule('gone', { what: { kind: 'server' }, effect: 'hide' })])).toEqual([
    'error gone server-effect: a rule of kind server denies or allows: the server itself cannot be hidden',
  ])
})

test('an allow that changes nothing is a warning', () => {
  const allow = rule('all', { what: { kind: 'tool' }, effect: 'allow' })
  expect(found([allow], { default: 'allow' })).toEqual([
    'warning all changes-nothing: it changes nothing: the default allows already, and allow is weaker than every other effect',
  ])
  expect(found([{ ...allow, mode: 'shadow' }])).toEqual([
    'warning all changes-nothing: it changes nothing: a shadow rule records what it would have denied, and this one allows',
  ])
  expect(found([{ ...allow, what: { kind: 'server' } }], { default: 'allow' })).toEqual([])
})

test('an expression that RE2 does not have is an error', () => {
  expect(found([rule('back', tool({ regex: '(a)\\1' }))])[0]).toMatch(
    /^error back bad-pattern: the expression .* is not in RE2 syntax/,
  )
  expect(found([rule('app', { app: { regex: '(' } })])[0]).toMatch(/^error app bad-pattern: /)
})

test('an app that does not exist is an error', () => {
  expect(found([rule('other', { app: 'shelv' })])).toEqual([
    'error other unknown-app: no app is shelv: there are shelf, server',
  ])
  expect(found([rule('globbed', { app: { glob: 'todo*' } })])).toEqual([
    'error globbed unknown-app: no app is matched by the glob todo*: there are shelf, server',
  ])
  expect(found([rule('connect', { app: 'shelf', what: { kind: 'server' } })])).toEqual([
    'error connect unknown-app: no app is shelf: there are server',
  ])
})

test('a tool that does not exist is an error, with those that do', () => {
  expect(found([rule('typo', tool(['lendBook', 'lendbook']))])).toEqual([
    'error typo unknown-name: no tool is lendbook: there are listBooks, lendBook, dropBook, findMyActivity',
  ])
})

test('a name of another kind or of another app does not exist', () => {
  expect(found([rule('kind', { what: { kind: 'prompt', name: 'lendBook' } })])).toEqual([
    'error kind unknown-name: no prompt is lendBook: there are recommend',
  ])
  expect(found([rule('app', { app: 'server', ...tool('lendBook') })])).toEqual([
    'error app unknown-name: no tool is lendBook: there are findMyActivity',
  ])
})

test('a glob or an expression that matches nothing is an error', () => {
  expect(found([rule('glob', tool({ glob: 'drop*s' })), rule('regex', tool({ regex: '[a-z]+' }))])).toEqual([
    'error glob unknown-name: no tool is matched by the glob drop*s: there are listBooks, lendBook, dropBook, findMyActivity',
    'error regex unknown-name: no tool is matched by the expression [a-z]+: there are listBooks, lendBook, dropBook, findMyActivity',
  ])
  const resource = { what: { kind: 'resource', name: { glob: 'note://**' } } }
  expect(found([rule('uri', resource)])).toEqual([
    'error uri unknown-name: no resource is matched by the glob note://**: there are book://all, book://{shelf}/{id}',
  ])
})

test.each([
  'book://novels/7',
  { glob: 'book://novels/*' },
  { glob: '**/7?' },
  { regex: 'book://[a-z]+/\\d+' },
])('a resource behind a template is found: %j', (name) => {
  expect(found([rule('item', { what: { kind: 'resource', name } })])).toEqual([])
})

test('an expression that no tried URI of a template matches is a warning', () => {
  const name = { regex: 'book://[A-Z]{3}/\\d{7}' }
  expect(found([rule('item', { what: { kind: 'resource', name } })])).toEqual([
    'warning item unproven: matched by the expression book://[A-Z]{3}/\\d{7} matches no resource and none of the tried URIs of a template: try one with npm run policy -- explain',
  ])
})

test('a rule that nothing can be matched by is an error', () => {
  expect(found([rule('none', { what: { kind: 'prompt', writes: true } })])).toEqual([
    'error none matches-nothing: there is no prompt that writes and is meant by this rule here',
  ])
})

test('a claim that the settings do not name is an error, in who and in if', () => {
  expect(found([rule('who', { who: [{ claim: 'team', is: 'a' }], effect: 'allow' })])).toEqual([
    'error who unknown-claim: the setting POLICY_CLAIMS does not name the claim team: it names department',
  ])
  expect(found([rule('if', { if: '"a" in user.claims.team', effect: 'allow' })])).toEqual([
    'error if unknown-claim: if: the setting POLICY_CLAIMS does not name the claim team: it names department',
  ])
})

test('groups without a claim that has them are an error, in who and in if', () => {
  const bare = { ...SHELF, hasGroups: false }
  const sentence = 'it reads groups, and the setting OPERATOR_CLAIM names no claim that has them'
  expect(found([rule('who', { who: [{ group: 'staff' }] })], {}, bare)).toEqual([
    `error who no-groups: ${sentence}`,
  ])
  expect(found([rule('if', { if: '"staff" in user.groups' })], {}, bare)).toEqual([
    `error if no-groups: if: ${sentence}`,
  ])
})

test('a user who cannot exist is an error', () => {
  expect(found([rule('ada', { who: [{ user: 'ada' }] })])).toEqual([
    'error ada never-matches: no user has the id ada: it has 22 characters, and npm run operate -- list shows it',
  ])
})

test('a condition that is never true is an error, and one that always is a warning', () => {
  expect(found([rule('off', { if: 'false' })])).toEqual([
    'error off never-matches: if: it is always false, so the rule can never match',
  ])
  expect(found([rule('math', { if: '1 / 0 == 1' })])).toEqual([
    'error math never-matches: if: it always fails',
  ])
  expect(found([rule('on', { if: '2 > 1' })])).toEqual([
    'warning on always-true: if: it is always true: leave it out',
  ])
})

test.each([
  ['syntax', 'client.domain ==', /syntax error/],
  ['an unknown variable', 'tool == "a"', /unknown variable tool/],
  ['matches', 'args.id.matches("a")', /matches\(\) is refused/],
  ['a pattern that is no literal', 're(args.id, args.id)', /must be a literal text/],
  [
    'a macro inside a macro',
    'user.groups.exists(g, user.groups.exists(h, g == h))',
    /a macro inside a macro/,
  ],
  ['too many nodes', Array.from({ length: 150 }, () => 'true').join(' && '), /too large/],
  ['another type than bool', '"a"', /must be a bool/],
])('a condition with %s is an error', (_what, source, message) => {
  const findings = lint(document([rule('bad', { ...tool('lendBook'), if: source })]), SHELF)
  expect(findings.map(({ level, code }) => [level, code])).toEqual([['error', 'bad-condition']])
  expect(findings[0]?.message).toMatch(message)
})

test('a condition is checked with the types of each tool that it matches', () => {
  expect(found([rule('type', { ...tool('lendBook'), if: 'args.days == "7"' })])).toEqual([
    'error type condition-type: if: no such overload: int == string (lendBook)',
  ])
  expect(found([rule('request', { ...tool('lendBook'), if: 'request.network > 3' })])[0]).toMatch(
    /^error request condition-type: /,
  )
})

test('an argument that a matched tool does not have is an error', () => {
  expect(found([rule('id', { what: { kind: 'tool', writes: true }, if: 'args.days > 7' })])).toEqual([
    'error id unknown-argument: if: there is no args.days (dropBook)',
  ])
  const asked = { what: { kind: 'tool', writes: true }, if: 'has(args.days) && args.days > 7' }
  expect(found([rule('id', asked)])).toEqual([])
})

test.each([
  ['args.limit > 3', 1],
  ['has(args.limit) && args.limit > 3', 0],
  ['args.limit > 3 && has(args.limit)', 1],
  ['!has(args.limit) || args["limit"] > 3', 0],
  ['has(args.limit) || args.limit > 3', 1],
  ['!(has(args.limit) && args.limit > 3)', 0],
  ['has(args.limit) ? args.limit > 3 : has(args.shelf)', 0],
  ['has(args.limit) ? true : args.limit > 3', 1],
  ['(has(args.limit) || has(args.shelf)) && args.limit > 3', 1],
  ['(has(args.limit) && has(args.shelf)) && args.limit > 3 && args.shelf != "a"', 0],
])('an optional argument needs has(): %s', (source, findings) => {
  const lines = found([rule('limit', { ...tool('listBooks'), if: source })])
  expect(lines).toEqual(
    Array.from(
      { length: findings },
      () =>
        'error limit optional-argument: if: args.limit can be absent, and then the condition fails: write has(args.limit) && … (listBooks)',
    ),
  )
})

test('what is decided in a list cannot read arguments', () => {
  const lines = found([
    rule('hidden', { ...tool('lendBook'), effect: 'hide', if: 'args.days > 7' }),
    rule('connect', { what: { kind: 'server' }, if: 'args.days > 7' }),
    rule('any', { what: { kind: 'any' }, if: 'args.id == "7"' }),
  ])
  expect(lines).toEqual([
    'error hidden args-in-list: if: it reads args, which are not known in a list, so hide cannot be decided there: use deny, which decides when it is called',
    'error connect args-in-list: if: it reads args, and connecting has none: neither the login nor the bearer can be decided by it',
    'error any args-in-list: if: it reads args, and tools, prompts and resources have different ones: name one kind, or the list cannot be decided',
    'warning any overlap: where rule hidden matches too, its hide wins over this deny',
  ])
})

test('only errors keep a document from taking force', () => {
  const rules = [rule('typo', tool('lendbook')), rule('on', { if: 'true' })]
  expect(lintErrors(document(rules), SHELF)).toEqual([
    'rule typo: no tool is lendbook: there are listBooks, lendBook, dropBook, findMyActivity',
  ])
})
