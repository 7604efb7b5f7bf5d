import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ContinuePage, type ContinuePageProps } from '#pages/continue-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { tagsOf, textOf } from './read-html.ts'

const render = (props: Partial<ContinuePageProps> = {}) =>
  renderPage(
    <ContinuePage
      to="https://client.example/cb"
      host="client.example"
      scheme="https"
      seconds={1}
      destination="client"
      {...props}
    />,
  )

const refreshOf = (html: string) =>
  tagsOf(html, 'meta').find(({ attributes }) => attributes['http-equiv'] === 'refresh')?.attributes[
    'content'
  ] ?? ''

/** HTML Living Standard, "shared declarative refresh steps". */
function readRefresh(content: string): { seconds: number; url: string } | undefined {
  const time = /^\s*(\d+)[\d.]*(?:\s*[;,]\s*|\s+)(.*)$/su.exec(content)
  if (!time) return undefined
  let url = (time[2] ?? '').replace(/^url\s*=\s*/iu, '')
  const quote = url[0]
  if (quote === "'" || quote === '"') {
    const end = url.indexOf(quote, 1)
    url = end === -1 ? url.slice(1) : url.slice(1, end)
  }
  return { seconds: Number(time[1]), url: new URL(url, 'https://base.example/').href }
}

test.each([
  'https://client.example/cb?code=1&state=2',
  "https://client.example/it's;url=https://evil.example/?a='b'&c=;d",
  'https://client.example/cb?state=a b  c',
  'https://client.example/cb?state="quoted"&x=<b>',
  'https://client.example/cb?state=%27%3B%22#frag;\'"ment',
  'http://127.0.0.1:33418/?state=url=javascript:alert(1)',
  'cursor://anysphere.cursor-mcp/oauth/callback?code=a;b\'c"d',
  "com.example.app:/callback?it's=1;2",
  "com.example.app:opaque path's;url=x",
  'https://xn--bcher-kva.example/ü?ö=ä',
])('the refresh and the link both lead to %s', (to) => {
  const html = render({ to, seconds: 3 })
  expect(readRefresh(refreshOf(html))).toEqual({ seconds: 3, url: new URL(to).href })
  expect(tagsOf(html, 'a').map(({ attributes }) => attributes['href'])).toEqual([new URL(to).href])
})

test('no state or path can bend the refresh', () => {
  const schemes = fc.constantFrom('https://client.example/', 'cursor://host/', 'com.example.app:/')
  fc.assert(
    fc.property(schemes, fc.string({ unit: 'grapheme' }), fc.string(), (start, path, state) => {
      const to = `${start}${path}?state=${state}`
      fc.pre(URL.canParse(to))
      const html = render({ to })
      expect(readRefresh(refreshOf(html))?.url).toBe(new URL(to).href)
      expect(tagsOf(html, 'meta')).toHaveLength(5)
    }),
  )
})

test('a URL that is not absolute is a mistake of the caller and is thrown', () => {
  expect(() => render({ to: '/relative' })).toThrow('Invalid URL')
  expect(() => render({ to: "'https://evil.example" })).toThrow('Invalid URL')
})

test('the way to PingOne and the way back are told apart', () => {
  const there = render({ destination: 'pingone', host: 'auth.pingone.eu' })
  expect(textOf(there, '<h1>')).toBe('Taking you to PingOne…')
  expect(textOf(there, '<a ')).toBe('Continue to auth.pingone.eu')
  const back = render()
  expect(textOf(back, '<h1>')).toBe('Taking you back to your app…')
  expect(textOf(back, '<a ')).toBe('Back to client.example')
})

test('an app is not a web page: the browser may ask first, and a scheme without a host is named', () => {
  expect(render({ to: 'cursor://h/cb', host: 'h', scheme: 'cursor:' })).toContain('whether to open the app')
  expect(render({ scheme: 'https:' })).not.toContain('whether to open the app')
  const opaque = render({ to: 'com.example.app:/cb', host: '', scheme: 'com.example.app' })
  expect(textOf(opaque, '<a ')).toBe('Back to com.example.app:')
})

test('the host is text, isolated, and in no title', () => {
  const html = render({ host: '<script>x</script>' })
  expect(html).toContain('<bdi>&lt;script&gt;x&lt;/script&gt;</bdi>')
  expect(tagsOf(html, 'script')).toEqual([])
  expect(textOf(html, '<title>')).toBe('Taking you back to your app')
})
