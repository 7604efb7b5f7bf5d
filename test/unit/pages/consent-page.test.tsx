import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConsentPage, type ConsentClient, type ConsentPageProps } from '#pages/consent-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { skeletonOf, tagsOf, textOf } from './read-html.ts'
import { consentProps } from './samples.tsx'

const render = (props: Partial<ConsentPageProps> = {}) =>
  renderPage(<ConsentPage {...consentProps} {...props} />)
const renderClient = (client: Partial<ConsentClient>) =>
  render({ client: { ...consentProps.client, ...client } })

test('the page says who asks, address first, and only then asks', () => {
  const html = renderClient({
    redirectHost: 'redirect.example',
    domain: 'document.example',
    name: 'Some App',
  })
  const order = [
    '<bdi class="host">redirect.example</bdi>',
    '<bdi class="host">document.example</bdi>',
    '“<bdi>Some App</bdi>”',
    '<h1>May this app act for you?</h1>',
    'See your todos',
    'Add, change and delete your todos',
    'What happens next',
    'Continue only if you started this yourself, just now.',
    'value="deny"',
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
  const html = render({ scopes: [{ value: 'x', sentence: 'Do x', isFixed: false, isChecked: false }] })
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
  expect(renderClient({ domain: null })).toContain('not verified')
  expect(renderClient({ domain: null })).toContain('Go by the address, not by the name.')
  expect(renderClient({ domain: 'claude.ai' })).not.toContain('not verified')
})

test('being on our list is a label: nothing else about the page changes', () => {
  const known = renderClient({ label: 'Claude' })
  const unknown = renderClient({ label: null })
  expect(known).toContain('on our list as Claude')
  expect(known.replace('<span class="tag">on our list as Claude</span>', '')).toBe(unknown)
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

test.each([
  [30, 90, 'You stay signed in for 90 days at most, and no longer than 30 days without use.'],
  [1, 7, 'You stay signed in for 7 days at most, and no longer than 1 day without use.'],
  [90, 90, 'You stay signed in for 90 days at most.'],
  [30, 1, 'You stay signed in for 1 day at most.'],
])('%i idle days of %i are said as "%s"', (idleDays, maxDays, sentence) => {
  expect(render({ staysSignedIn: { idleDays, maxDays } })).toContain(sentence)
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

test('no text of any kind changes the markup or reaches a title, a heading or the question', () => {
  const text = fc.string({ unit: 'binary', minLength: 3 })
  const skeleton = skeletonOf(renderClient({ domain: 'd', isLocalApp: true }))
  fc.assert(
    fc.property(text, text, text, (name, domain, redirectHost) => {
      const html = renderClient({ name, domain, redirectHost, isLocalApp: true })
      expect(skeletonOf(html)).toBe(skeleton)
      expect(textOf(html, '<title>')).toBe('May this app act for you? · Todo MCP server')
      expect(textOf(html, '<h1>')).toBe('May this app act for you?')
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
