import { expect, test } from 'vitest'
import { renderPage } from '#pages/layout.tsx'
import { StepUpPage } from '#pages/step-up-page.tsx'
import { stepUpProps } from './samples.tsx'

const render = (change: Partial<typeof stepUpProps> = {}) =>
  renderPage(<StepUpPage {...stepUpProps} {...change} />)

test('the page says who asks, for what more, since when, and to deny what one did not ask for', () => {
  const markup = render()
  for (const text of [
    '<h1 class="question">Allow <strong><bdi>Claude</bdi></strong> to change your todos?</h1>',
    'You allowed it to read your todos on <time',
    'claude.ai',
    'Add, change and delete your todos',
    'See your todos',
    '<time datetime="2026-11-21T06:29:00.000Z">21 Nov 2026, 06:29 UTC</time>',
    '<time datetime="2026-11-21T06:39:00.000Z">21 Nov 2026, 06:39 UTC</time>',
    'Continue only if you asked for this just now.',
    'If somebody sent you this link, close this page.',
    'todos.write',
  ])
    expect(markup).toContain(text)
  expect(markup).not.toContain('not verified')
})

test('the page says from where and when the app asked, and warns of a second network', () => {
  const [first] = stepUpProps.askedFrom
  const at = { iso: '2026-11-21T06:31:00.000Z', text: '21 Nov 2026, 06:31 UTC' }
  expect(render()).toContain('from <code>192.0.2.0/24</code>')
  expect(render()).toContain('21 Nov 2026, 06:30 UTC')
  expect(render()).toContain('The permission counts at once')
  expect(render()).toContain('stolen a copy of it could use the permission too, for at most 60 minutes.')
  expect(render()).not.toContain('more than one network')
  if (first === undefined) throw new Error('the sample has no caller')
  const two = render({ askedFrom: [first, { network: 'unknown', at }] })
  expect(two).toContain('a network that is not known')
  expect(two).toContain('Deny if one of them is not yours')
})

test('its form goes to its own address with the value that binds it, and its first button says no', () => {
  const markup = render()
  expect(markup).toContain('<form method="post" action="/step-up/user~request" autocomplete="off">')
  expect(markup).toContain('<input type="hidden" name="csrf" value="bound-to-this-browser"/>')
  const buttons = [...markup.matchAll(/<button[^>]* value="(\w+)"/g)].map(([, value]) => value)
  expect(buttons).toEqual(['deny', 'approve'])
})

test('a name is shown as one, in quotes, escaped, and marked where nobody vouches for it', () => {
  const name = '</bdi><b>PingOne</b>'
  const markup = render({
    client: { name, domain: null, label: null, redirectHost: '127.0.0.1', isLocalApp: true },
  })
  expect(markup).toContain('“<bdi>&lt;/bdi&gt;&lt;b&gt;PingOne&lt;/b&gt;</bdi>”')
  expect(markup).toContain('not verified')
  expect(markup).toContain('This is an app on this computer')
})

test('of a grant whose address was not kept, the page says so', () => {
  const client = { name: 'X', domain: null, label: null, redirectHost: null, isLocalApp: false }
  expect(render({ client })).toContain('an address that was not kept')
})
