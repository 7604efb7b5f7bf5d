import { expect, test } from 'vitest'
import { Layout, renderPage } from '#pages/layout.tsx'
import { styles } from '#pages/styles.ts'
import { tagsOf, textOf } from './read-html.ts'
import { everyPage } from './samples.tsx'

test.each(everyPage)('%s is a whole document with one main and one h1', (_, html) => {
  expect(html).toMatch(/^<!doctype html><html lang="en">/)
  expect(html).toContain('<meta charset="utf-8"/>')
  expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1"/>')
  expect(html).toContain('<meta name="color-scheme" content="light dark"/>')
  expect(tagsOf(html, 'main')).toHaveLength(1)
  expect(tagsOf(html, 'h1')).toHaveLength(1)
  expect(tagsOf(html, 'title')).toHaveLength(1)
  expect(textOf(html, '<title>')).not.toBe('')
})

/** Only two pages have a script. */
function scriptsOf(name: string): string[] {
  if (name.startsWith('home')) return ['/assets/copy.js']
  return /^own page(?!, to sign in)/.test(name) ? ['/assets/local-time.js'] : []
}

test.each(everyPage)('%s needs nothing that the CSP forbids', (name, html) => {
  expect(tagsOf(html, 'style')).toEqual([])
  expect(tagsOf(html, 'img')).toEqual([])
  expect(tagsOf(html, 'iframe')).toEqual([])
  expect(tagsOf(html, 'base')).toEqual([])
  for (const { attributes } of tagsOf(html)) {
    expect(attributes).not.toHaveProperty('style')
    expect(Object.keys(attributes).filter((name) => name.startsWith('on'))).toEqual([])
  }
  expect(tagsOf(html, 'script').map(({ attributes }) => attributes['src'])).toEqual(scriptsOf(name))
  expect(html).not.toMatch(/<script[^>]*>[^<]/)
  const sheets = tagsOf(html, 'link').filter(({ attributes }) => attributes['rel'] === 'stylesheet')
  expect(sheets.map(({ attributes }) => attributes['href'])).toEqual(['/assets/pages.css'])
})

test.each(everyPage)('%s names every field and takes focus nowhere', (_, html) => {
  const labelled = new Set(tagsOf(html, 'label').map(({ attributes }) => attributes['for']))
  const withoutInner = html.replaceAll(/<label[^>]*>.*?<\/label>/g, (label) =>
    textOf(label, '<label') === '' ? label : '',
  )
  const shown = tagsOf(withoutInner, 'input').filter(({ attributes }) => attributes['type'] !== 'hidden')
  for (const { attributes } of shown) expect(labelled).toContain(attributes['id'])
  expect(html).not.toContain('autofocus')
  expect(html).not.toMatch(/tabindex="[1-9]/)
})

test.each(everyPage)('%s has unique ids, and every reference finds its own', (_, html) => {
  const ids = tagsOf(html).flatMap(({ attributes }) => attributes['id'] ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  const references = ['for', 'aria-labelledby', 'aria-describedby', 'data-copies']
  const referred = tagsOf(html).flatMap(({ attributes }) =>
    references.flatMap((name) => attributes[name] ?? []),
  )
  for (const id of referred) expect(ids).toContain(id)
})

test.each(everyPage)('%s uses only classes that the stylesheet knows', (_, html) => {
  const used = tagsOf(html).flatMap(({ attributes }) => attributes['class']?.split(' ') ?? [])
  const known = new Set([...styles.matchAll(/\.([a-z][a-z-]*)/g)].map((match) => match[1]))
  expect(used.filter((name) => !known.has(name))).toEqual([])
})

test.each(everyPage)('%s lets no click decide at once, and nobody scroll to what decides', (_, html) => {
  const decides = /<(?:div|form) class="[^"]*\barmed\b[^"]*".*?<button/s
  const buttons = tagsOf(html, 'button').filter(({ attributes }) => attributes['name'] !== undefined)
  const forms = html.match(/<form.*?<\/form>/gs) ?? []
  const named = forms.filter((form) => /<button[^>]* name="/.test(form))
  expect(buttons.length === 0 || decides.test(html)).toBe(true)
  for (const form of named)
    expect(form.includes('armed') || html.includes('class="actions armed"')).toBe(true)
  // Grant ids are random and known only to their owner.
  const ids = tagsOf(html).flatMap(({ attributes }) => attributes['id'] ?? [])
  const guessable = ids.filter((id) => !/^grant-[A-Za-z0-9_-]{16}$/.test(id) && id !== 'earlier')
  expect(buttons.length > 0 ? guessable : []).toEqual([])
})

test.each(everyPage)('%s posts only to this server', (_, html) => {
  for (const { attributes } of tagsOf(html, 'form')) {
    expect(attributes['method']).toBe('post')
    expect(attributes['action']).toMatch(/^\/[a-z]/)
  }
})

test('a page that would have to wait is refused', () => {
  const Late = async () => <p>late</p>
  const page = Promise.resolve(Late())
  expect(() => renderPage(page)).toThrow('without waiting')
})

test('title and product name are escaped', () => {
  const html = renderPage(
    <Layout title="</title><script>" productName={'"><b>'}>
      <h1>x</h1>
    </Layout>,
  )
  expect(tagsOf(html, 'script')).toEqual([])
  expect(tagsOf(html, 'b')).toEqual([])
})
