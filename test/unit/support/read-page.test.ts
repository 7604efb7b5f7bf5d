import { expect, test } from 'vitest'
import { readPage } from '#harness/read-page.ts'

const url = new URL('http://localhost:8787/authorize?client_id=x')

test('a form has what a browser would send', () => {
  const { forms } = readPage(
    `<form method="post" action="/go"><input type="hidden" name="handle" value="a&amp;b">
       <input type="checkbox" name="scope" value="read" checked><input type="checkbox" name="scope" value="write">
       <input name="off" disabled><fieldset disabled><input name="inside"></fieldset>
       <textarea name="note">two words</textarea><button name="decision" value="deny">No</button>
       <input type="submit" name="decision" value="approve"></form>`,
    url,
  )
  expect(forms).toMatchObject([
    {
      method: 'post',
      fields: [
        { name: 'handle', value: 'a&b', isTicked: null },
        { name: 'scope', value: 'read', isTicked: true },
        { name: 'scope', value: 'write', isTicked: false },
        { name: 'note', value: 'two words' },
      ],
      buttons: [
        { name: 'decision', value: 'deny' },
        { name: 'decision', value: 'approve' },
      ],
    },
  ])
  expect(forms[0]?.action.href).toBe('http://localhost:8787/go')
})

test.each([
  ['0;url=https://a.example/?x=1;y=2', 'https://a.example/?x=1;y=2'],
  ["5; URL='/next'", 'http://localhost:8787/next'],
  ['0;url=cursor://callback?code=1', 'cursor://callback?code=1'],
])('the refresh %s leads to %s', (content, target) => {
  expect(readPage(`<meta http-equiv="Refresh" content="${content}">`, url).refresh?.href).toBe(target)
})

test('what a user reads has no scripts and no styles in it', () => {
  const page = readPage('<title>T &lt;</title><style>p{}</style><p>One\n two</p><script>x</script>', url)
  expect(page).toMatchObject({ title: 'T <', text: 'One two' })
})
