import { expect, test, vi } from 'vitest'
import { ErrorAnswers } from '#pages/error-answers.tsx'
import { tagsOf, textOf } from './read-html.ts'

const ORIGIN = 'https://mcp.example.com'
const errors = new ErrorAnswers({ productName: 'Todos', links: {} })

const ask = (url: string, { method = 'GET', accept = 'text/html' } = {}) =>
  new Request(url, { method, headers: { accept } })

/** What a user sees of an answer. */
async function seen(answer: Response) {
  const html = await answer.text()
  return {
    status: answer.status,
    number: textOf(html, '<p class="error-status">'),
    brand: textOf(html, '<header'),
    ways: tagsOf(html, 'a').map(({ attributes }) => attributes['href']),
    html,
  }
}

test.each([404, 405])(
  '%i has the brand, its number and a way on for a user who opened the address',
  async (status) => {
    const {
      status: shown,
      number,
      brand,
      ways,
    } = await seen(
      errors.asPage(ask(`${ORIGIN}/x`), new Response(null, { status, headers: { Allow: 'POST' } }), ORIGIN),
    )
    expect([shown, number, brand, ways]).toEqual([status, `Error ${status}`, 'Todos', ['/']])
  },
)

test('a page for another method still names the methods that are allowed', () => {
  const denial = new Response(null, { status: 405, headers: { Allow: 'POST' } })
  expect(errors.asPage(ask(`${ORIGIN}/me/end`), denial, ORIGIN).headers.get('allow')).toBe('POST')
})

test.each([
  ['a program', { accept: 'application/json' }],
  ['a form', { method: 'POST' }],
])('%s gets the answer itself', (_, sent) => {
  for (const status of [404, 405, 421]) {
    const answer = new Response(null, { status })
    expect(errors.asPage(ask(`${ORIGIN}/x`, sent), answer, ORIGIN)).toBe(answer)
  }
})

test('an answer that succeeded stays', () => {
  const answer = new Response('{}', { status: 200 })
  expect(errors.asPage(ask(`${ORIGIN}/x`), answer, ORIGIN)).toBe(answer)
})

test.each([
  ['https://mcp.account.workers.dev/x', ORIGIN],
  ['http://localhost:8787/', ORIGIN],
  ['https://evil.example/', 'http://localhost:8787'],
])('a user at %s learns neither the name nor the address of this server', async (url, origin) => {
  const answer = errors.asPage(ask(url), new Response(null, { status: 421 }), origin)
  const { html, ...shown } = await seen(answer)
  expect(shown).toEqual({ status: 421, number: 'Error 421', brand: '', ways: [] })
  expect(html).not.toContain('Todos')
  expect(html).not.toContain(new URL(origin).host)
})

test('on one’s own machine another spelling of the address leads to the right one', async () => {
  const answer = errors.asPage(
    ask('http://127.0.0.1:8787/me'),
    new Response('words', { status: 421 }),
    'http://localhost:8787',
  )
  const { ways, brand } = await seen(answer)
  expect([ways, brand]).toEqual([['http://localhost:8787/'], 'Todos'])
})

test('a failure shows its incident and nothing of its cause, and only a page can be opened again', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const page = await seen(errors.failed(ask(`${ORIGIN}/me`), new Error('CANARY')))
  const form = await seen(errors.failed(ask(`${ORIGIN}/me/end`, { method: 'POST' }), new Error('CANARY')))
  const [, incident = 'none'] = /<code>([0-9a-f]{10})<\/code>/.exec(page.html) ?? []
  expect(JSON.stringify(logged.mock.calls)).toContain(incident)
  logged.mockRestore()
  expect(page.html).not.toContain('CANARY')
  expect([page.ways, form.ways]).toEqual([['', '/'], ['/']])
})

test('settings are named to their operator at the machine, and to nobody else', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const bad = { problems: [{ name: 'API_URL', problem: 'is missing' }], isEmpty: false }
  const here = await seen(errors.badSettings(ask('http://localhost:8787/'), bad))
  const elsewhere = await seen(errors.badSettings(ask(`${ORIGIN}/`), bad))
  logged.mockRestore()
  expect([here.status, here.number, here.brand]).toEqual([503, 'Error 503', 'Todos'])
  expect(textOf(here.html, '<dl')).toBe('API_URLis missing')
  expect([elsewhere.status, elsewhere.ways]).toEqual([503, ['']])
  expect(elsewhere.html).not.toContain('API_URL')
})
