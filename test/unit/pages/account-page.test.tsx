import { expect, test } from 'vitest'
import { AccountPage } from '#pages/account-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { accountProps } from './samples.tsx'

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
  expect(markup.split('&lt;/bdi&gt;&lt;script&gt;x()')).toHaveLength(5)
  expect(markup).toMatch(/<title>Apps that can act for you · [^<]*<\/title>/)
})

test('the address comes before the name, and only a document makes it a publisher', () => {
  const markup = renderPage(<AccountPage {...accountProps} />)
  const [, first = '', second = ''] = markup.split('<li class="plate grant"')
  expect(first.indexOf('claude.ai')).toBeLessThan(first.indexOf('“<bdi>Claude'))
  expect([first.includes('Published by'), first.includes('not verified')]).toEqual([true, false])
  expect([second.includes('Published by'), second.includes('not verified')]).toEqual([false, true])
  expect(second).toContain('Nothing yet')
})

test('every form carries the secret of the session, and "End all" is there from two on', () => {
  const markup = renderPage(<AccountPage {...accountProps} />)
  expect(markup.split('<form')).toHaveLength(1 + 2 + 1 + 2)
  expect(markup.split('name="csrf" value="the-csrf"')).toHaveLength(1 + 2 + 1 + 2)
  const one = renderPage(<AccountPage {...accountProps} live={accountProps.live.slice(0, 1)} />)
  expect(one).not.toContain('value="all"')
})
