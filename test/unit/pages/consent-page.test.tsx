import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { characterCount } from '#lib/bounded-text.ts'
import { joinActions } from '#pages/connect-words.tsx'
import { ConsentPage, type ConsentClient, type ConsentPageProps } from '#pages/consent-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { skeletonOf, tagsOf, textOf } from './read-html.ts'
import { consentProps } from './samples.tsx'

const render = (props: Partial<ConsentPageProps> = {}) =>
  renderPage(<ConsentPage {...consentProps} {...props} />)
const renderClient = (client: Partial<ConsentClient>) =>
  render({ client: { ...consentProps.client, ...client } })

test('the page asks first, then says who asks, address before name, then what for', () => {
  const html = renderClient({
    redirectHost: 'redirect.example',
    domain: 'document.example',
    name: 'Some App',
  })
  const order = [
    '<h1 class="question"><strong><bdi>Some App</bdi></strong> wants to read and change your todos</h1>',
    '<bdi class="host">redirect.example</bdi>',
    '<bdi class="host">document.example</bdi>',
    '“<bdi>Some App</bdi>”',
    'See your todos',
    'Add, change and delete your todos',
    'Access lasts up to 90 days',
    'Continue only if you started this yourself, just now.',
    'value="deny"',
    'value="approve"',
    'What PingOne will be asked for',
    'What happens next',
  ].map((part) => html.indexOf(part))
  expect(order).not.toContain(-1)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
})

test('the form carries the handle, the scopes and a decision, and nothing else', () => {
  const html = render()
  expect(tagsOf(html, 'form').map(({ attributes }) => attributes)).toEqual([
    { method: 'post', action: '/authorize', autocomplete: 'off' },
  ])
  const named = tagsOf(html).filter(({ name, attributes }) => name !== 'meta' && 'name' in attributes)
  expect(
    named.map(({ name, attributes: { name: field, type, value } }) => [name, field, type, value]),
  ).toEqual([
    ['input', 'handle', 'hidden', 'the-handle'],
    ['input', 'scope', 'hidden', 'todo:read'],
    ['input', 'scope', 'checkbox', 'todo:write'],
    ['button', 'decision', undefined, 'deny'],
    ['button', 'decision', undefined, 'approve'],
  ])
})

test('a fixed scope is shown ticked and disabled, and is submitted by its hidden field', () => {
  const boxes = tagsOf(render(), 'input').filter(({ attributes }) => attributes['type'] === 'checkbox')
  expect(boxes.map(({ attributes }) => attributes)).toEqual([
    { type: 'checkbox', checked: '', disabled: '' },
    { type: 'checkbox', name: 'scope', value: 'todo:write', checked: '' },
  ])
})

test('a scope that is not asked for beforehand is not ticked', () => {
  const html = render({
    scopes: [{ value: 'x', sentence: 'Do x', action: 'do x', isFixed: false, isChecked: false }],
  })
  const [box] = tagsOf(html, 'input').filter(({ attributes }) => attributes['type'] === 'checkbox')
  expect(box?.attributes).not.toHaveProperty('checked')
})

test('Enter denies: the first submit button of the form is Deny', () => {
  const [first, second] = tagsOf(render(), 'button')
  expect(first?.attributes['value']).toBe('deny')
  expect(second?.attributes['value']).toBe('approve')
  expect(first?.attributes).not.toHaveProperty('type')
})

test('a client that registered itself is marked as not verified, one with a document is not', () => {
  const registered = renderClient({ domain: null, label: null })
  expect(registered).toContain('not verified')
  expect(registered).toContain('Go by the address, not by the name.')
  expect(renderClient({ domain: 'claude.ai' })).not.toContain('not verified')
})

test('being on our list is a label: nothing else about the page changes', () => {
  const known = renderClient({ label: 'Claude' })
  const unknown = renderClient({ label: null })
  expect(known).toContain('on our list as Claude')
  expect(known.replace('<span class="tag">on our list as Claude</span>', '')).toBe(unknown)
})

test('no two labels contradict each other, and at most one warning is shown', () => {
  for (const domain of [null, 'claude.ai'])
    for (const label of [null, 'Claude'])
      for (const isLocalApp of [true, false]) {
        const html = renderClient({ domain, label, isLocalApp })
        const isUnknown = domain === null && label === null
        expect(html.includes('not verified')).toBe(isUnknown)
        expect(html.includes('on our list')).toBe(label !== null)
        const notices = tagsOf(html).filter(({ attributes }) => attributes['class'] === 'notice')
        expect(notices).toHaveLength(isLocalApp || isUnknown ? 1 : 0)
      }
})

test('what PingOne is asked for and the names of scopes are folded away, not left out', () => {
  const html = render()
  const fold = html.indexOf('<details class="fold"><summary>What PingOne will be asked for</summary>')
  expect(fold).toBeGreaterThan(0)
  for (const name of ['todos.write', '<code>todo:write</code>'])
    expect(html.indexOf(name)).toBeGreaterThan(fold)
})

test.each([
  [['read your todos'], 'read your todos'],
  [['read your todos', 'change your todos'], 'read and change your todos'],
  [['read your notes', 'add to your notes', 'delete your notes'], 'read, add to and delete your notes'],
  [['see the wiki page', 'edit the blog page'], 'see the wiki page and edit the blog page'],
  [['read', 'read'], 'read and read'],
  [[], ''],
])('the actions %j are one phrase: "%s"', (actions, phrase) => {
  expect(joinActions(actions)).toBe(phrase)
})

test('many scopes make no long question', () => {
  const scopes = ['a', 'b', 'c', 'd'].map((value) => ({
    value,
    sentence: value,
    action: `${value} it all`,
    isFixed: false,
    isChecked: true,
  }))
  expect(textOf(render({ scopes }), '<h1')).toBe('Claude wants to use the Todo API for you')
})

test('a local app gets a warning that says what its document does not prove', () => {
  const withDocument = renderClient({ isLocalApp: true, redirectHost: 'localhost', domain: 'claude.ai' })
  expect(withDocument).toContain('an app on this computer')
  expect(withDocument).toContain(
    'could present the document of <bdi>claude.ai</bdi> and listen on a local port',
  )
  const selfRegistered = renderClient({ isLocalApp: true, redirectHost: 'localhost', domain: null })
  expect(selfRegistered).toContain('could use that name and listen on a local port')
  // A local address proves nothing about the app.
  expect(selfRegistered).not.toContain('Go by the address')
  expect(renderClient({ isLocalApp: false })).not.toContain('this computer')
})

test('what PingOne will be asked for is named before we go there', () => {
  const html = render()
  for (const scope of consentProps.upstreamScopes) expect(html).toContain(`<code>${scope}</code>`)
  expect(html).toContain('What the tools return goes to the provider of the AI model you use.')
  expect(render({ upstreamScopes: [] })).toContain('You sign in with PingOne.')
})

const SOONER = 'PingOne may end it sooner, by default after 12 hours without use.'

test.each([
  [30, 90, `Access lasts up to 90 days, and ends after 30 days without use. ${SOONER}`],
  [1, 7, `Access lasts up to 7 days, and ends after 1 day without use. ${SOONER}`],
  [90, 90, `Access lasts up to 90 days. ${SOONER}`],
  [30, 1, `Access lasts up to 1 day. ${SOONER}`],
])('%i idle days of %i are said as "%s"', (idleDays, maxDays, sentence) => {
  expect(render({ lasting: { idleDays, maxDays, pingOneIdleHours: null } })).toContain(sentence)
})

test.each([
  [12, 'Access ends with your session at PingOne, after 12 hours without use, and after 90 days at most.'],
  [1, 'Access ends with your session at PingOne, after 1 hour without use, and after 90 days at most.'],
  [48, 'Access ends with your session at PingOne, after 2 days without use, and after 90 days at most.'],
  [
    720,
    'Access lasts up to 90 days, and ends after 30 days without use. It ends sooner if your session at PingOne does.',
  ],
])('where PingOne keeps a session for %i hours, the page promises no more', (pingOneIdleHours, sentence) => {
  expect(render({ lasting: { idleDays: 30, maxDays: 90, pingOneIdleHours } })).toContain(sentence)
})

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onfocus='alert(1)' autofocus='",
  '</bdi></dd></dl><h1>Approved</h1>',
  '&lt;b&gt;&#60;script&#62;',
  '<!-- -->]]>{{7*7}}${7*7}',
  '`onmouseover=alert(1)',
]

test.each(hostile)('what a stranger chose stays text: %s', (text) => {
  const client = { name: text, domain: text, label: null, redirectHost: text, isLocalApp: true }
  const html = render({ client, handle: text })
  const plain = render({
    client: { name: 'n', domain: 'd', label: null, redirectHost: 'r', isLocalApp: true },
    handle: 'h',
  })
  expect(skeletonOf(html)).toBe(skeletonOf(plain))
  expect(textOf(html, '<bdi class="host">')).toBe(text.replaceAll(/\s+/g, ' '))
})

test('no text of any kind changes the markup or reaches a title; a question has the name alone, as one value', () => {
  const text = fc.string({ unit: 'binary', minLength: 3 })
  const skeleton = skeletonOf(renderClient({ domain: 'd', isLocalApp: true }))
  fc.assert(
    fc.property(text, text, text, (name, domain, redirectHost) => {
      const html = renderClient({ name, domain, redirectHost, isLocalApp: true })
      expect(skeletonOf(html)).toBe(skeleton)
      expect(textOf(html, '<title>')).toBe('May this app act for you? · Todo MCP server')
      const [, question = ''] = /<h1 class="question">(.*?)<\/h1>/s.exec(html) ?? []
      expect(question).toMatch(/^<strong><bdi>[^<>]*<\/bdi><\/strong> wants to read and change your todos$/)
      const inQuestion = textOf(html, '<h1').replace(/ wants to .*$/s, '')
      expect(characterCount(inQuestion)).toBeLessThanOrEqual(40)
      expect(textOf(html, '<legend>')).toBe('What it may do')
    }),
  )
})

test('names and hosts are isolated, so that their direction cannot reorder our words', () => {
  const html = renderClient({ name: 'NAME', domain: 'DOMAIN', redirectHost: 'HOST', isLocalApp: true })
  for (const text of ['NAME', 'DOMAIN', 'HOST']) {
    const shown = html.split(text).length - 1
    expect(html.match(new RegExp(`<bdi[^>]*>${text}</bdi>`, 'g'))).toHaveLength(shown)
  }
})
