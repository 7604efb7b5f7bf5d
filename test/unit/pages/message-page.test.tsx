import { expect, test } from 'vitest'
import { renderPage } from '#pages/layout.tsx'
import { MessagePage, type MessagePageProps } from '#pages/message-page.tsx'
import { tagsOf, textOf } from './read-html.ts'

const render = (props: Partial<MessagePageProps> = {}) =>
  renderPage(
    <MessagePage title="T" sentence="S" next={null} retry={null} incident={null} tone="problem" {...props} />,
  )

test('a plain ending has its title, its sentence and nothing to press', () => {
  const html = render({ title: 'You declined', sentence: 'Nothing was shared.', tone: 'done' })
  expect(textOf(html, '<h1>')).toBe('You declined')
  expect(textOf(html, '<title>')).toBe('You declined')
  expect(textOf(html, '<p class="lead">')).toBe('Nothing was shared.')
  expect(tagsOf(html, 'a')).toEqual([])
  expect(tagsOf(html, 'form')).toEqual([])
  expect(html).not.toContain('If you report this')
})

const retryWith = (value: string) => ({
  action: '/authorize/retry',
  fields: [{ name: 'handle', value }],
  buttons: [
    { label: 'Try again', name: 'decision', value: 'approve' },
    { label: 'Leave', name: 'decision', value: 'leave' },
  ],
})

test('"try again" is a form that posts its fields and what was pressed', () => {
  const html = render({ retry: retryWith('"><b>') })
  expect(tagsOf(html, 'form').map(({ attributes }) => attributes)).toEqual([
    { method: 'post', action: '/authorize/retry' },
  ])
  expect(tagsOf(html, 'input').map(({ attributes }) => attributes)).toEqual([
    { type: 'hidden', name: 'handle', value: '"><b>' },
  ])
  expect(textOf(html, '<button')).toBe('Try again')
  expect(tagsOf(html, 'button').map(({ attributes }) => attributes)).toEqual([
    { class: 'button primary', name: 'decision', value: 'approve' },
    { class: 'button', name: 'decision', value: 'leave' },
  ])
})

test('where to go next is a link, and the main thing to do only when there is nothing to retry', () => {
  const next = { label: 'Start again', href: '/?a=1&b=2' }
  expect(tagsOf(render({ next }), 'a').map(({ attributes }) => attributes)).toEqual([
    { class: 'button primary', href: '/?a=1&b=2' },
  ])
  const both = render({ next, retry: retryWith('h') })
  expect(tagsOf(both, 'a').map(({ attributes }) => attributes['class'])).toEqual(['button'])
})

test('an incident is shown to be reported, and all of it is escaped', () => {
  const html = render({ title: '<i>', sentence: '<u>', incident: '<s>' })
  expect(html).toContain('<code>&lt;s&gt;</code>')
  for (const name of ['i', 'u', 's']) expect(tagsOf(html, name)).toEqual([])
})

test('what to do in the app is a list in its order, and the page has the product and its links', () => {
  const html = render({
    steps: ['Go back.', 'Ask <again>.'],
    productName: 'Shelf',
    links: { support: 'https://help.example', logo: 'data:image/png;base64,AAAA' },
  })
  expect(html).toContain('<ol class="to-do"><li>Go back.</li><li>Ask &lt;again&gt;.</li></ol>')
  expect(tagsOf(html, 'img').map(({ attributes }) => attributes['src'])).toEqual([
    'data:image/png;base64,AAAA',
  ])
  const [link, ...others] = tagsOf(html, 'a')
  expect(link?.attributes).toEqual({
    href: 'https://help.example',
    target: '_blank',
    rel: 'noopener noreferrer',
  })
  expect(others).toEqual([])
  expect(textOf(html, '<title>')).toBe('T')
  expect(tagsOf(render({ productName: 'Shelf', links: {} }), 'footer')).toEqual([])
})
