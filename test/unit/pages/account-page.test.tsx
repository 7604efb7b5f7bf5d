import { expect, test } from 'vitest'
import { AccountPage } from '#pages/account-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { accountProps, manyProps } from './samples.tsx'

test('what a client or a user calls itself stands escaped, in the fields that are for it', () => {
  const hostile = '</bdi><script>x()</script>"\'&'
  const [first] = accountProps.live
  if (first === undefined) throw new Error('no grant')
  const markup = renderPage(
    <AccountPage
      {...accountProps}
      userName={hostile}
      live={[{ ...first, client: { ...first.client, name: hostile, domain: null, redirectHost: hostile } }]}
    />,
  )
  expect(markup).not.toContain('<script>x()')
  expect(markup.split('&lt;/bdi&gt;&lt;script&gt;x()')).toHaveLength(6)
  expect(markup).toMatch(/<title>Apps that can act for you · [^<]*<\/title>/)
})

test('the name leads, the address stands below it, and only a document makes it a publisher', () => {
  const [, first = '', second = ''] = renderPage(<AccountPage {...accountProps} />).split(
    '<li class="client"',
  )
  expect(first).toMatch(/^><div class="client-who"><h2 class="client-name">“<bdi>Claude<\/bdi>”<\/h2>/)
  expect(first.indexOf('“<bdi>Claude')).toBeLessThan(first.indexOf('<bdi class="host">claude.ai'))
  expect([first.includes('Published by'), first.includes('not verified')]).toEqual([true, false])
  expect([second.includes('Published by'), second.includes('not verified')]).toEqual([false, true])
  expect(second).toContain('Nothing yet')
})

test('a client that is on our list is never also called not verified', () => {
  const [first] = accountProps.live
  if (first === undefined) throw new Error('no grant')
  const client = { ...first.client, domain: null, label: 'ChatGPT' }
  const markup = renderPage(<AccountPage {...accountProps} live={[{ ...first, client }]} ended={[]} />)
  expect(markup).toContain('on our list as ChatGPT')
  expect(markup).not.toContain('not verified')
})

test('grants of one client stand together, newest first, each with its own button', () => {
  const markup = renderPage(<AccountPage {...manyProps} />)
  const clients = markup.split('<li class="client"').slice(1)
  expect(clients).toHaveLength(17)
  expect(clients.map((client) => client.split('<li class="grant"').length - 1)).toEqual([
    ...Array.from({ length: 16 }, () => 1),
    4,
  ])
  expect([...markup.matchAll(/value="(M\d{15})"/g)].map(([, id]) => id)).toEqual(
    manyProps.live.map(({ id }) => id),
  )
  expect(markup).toContain('17 apps can use the Todo API as you')
})

test('the first clients are open, and the others are one line each until they are opened', () => {
  const markup = renderPage(<AccountPage {...manyProps} />)
  const clients = markup.split('<li class="client"').slice(1)
  expect(clients.map((client) => client.includes('<details><summary>'))).toEqual(
    clients.map((_, index) => index >= 5),
  )
  expect(clients.at(-1)).toContain('allowed 4 times</span></summary>')
})

test('ending all is asked for twice', () => {
  const markup = renderPage(<AccountPage {...manyProps} />)
  const [before = '', after = ''] = markup.split('<summary>End all access</summary>')
  expect(before).toMatch(/<details class="end-all">$/)
  expect(after.split('</details>')[0]).toContain('name="grant" value="all"')
  expect(markup.split('value="all"')).toHaveLength(2)
})

test('of many ended grants the newest are shown, and the rest are folded', () => {
  const markup = renderPage(<AccountPage {...manyProps} />)
  const [shown = '', folded = ''] = markup
    .slice(markup.indexOf('id="earlier"'))
    .split('<summary>3 more</summary>')
  expect([shown, folded].map((part) => part.split('<li id="grant-E').length - 1)).toEqual([5, 3])
  expect(markup).toContain('12 older ones are not shown.')
})

test('every form carries the secret of the session, and "End all" is there from two on', () => {
  const markup = renderPage(<AccountPage {...accountProps} />)
  expect(markup.split('<form')).toHaveLength(1 + 2 + 1 + 2)
  expect(markup.split('name="csrf" value="the-csrf"')).toHaveLength(1 + 2 + 1 + 2)
  const one = renderPage(<AccountPage {...accountProps} live={accountProps.live.slice(0, 1)} />)
  expect(one).not.toContain('value="all"')
})
