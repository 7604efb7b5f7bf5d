import { expect, test } from 'vitest'
import { formOf } from '#harness/browser.ts'
import type { Form } from '#harness/read-page.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

async function consentForm() {
  const { browser, page, state } = await story.openConsent()
  return { browser, page, form: formOf(page), state }
}

const withFields = (form: Form, fields: readonly (readonly [string, string])[]): Form => ({
  ...form,
  fields: [
    ...form.fields,
    ...fields.map(([name, value]) => ({ name, value, type: 'hidden', isTicked: null })),
  ],
})

test.for([
  { decisions: [] },
  { decisions: [''] },
  { decisions: ['yes'] },
  { decisions: ['APPROVE'] },
  { decisions: ['approve '] },
  { decisions: ['approve', 'deny'] },
  { decisions: ['approve', 'approve'] },
])('T09 what is no clear yes ($decisions) is a no', async ({ decisions }) => {
  const before = (await story.emulator.state()).counts
  const { browser, page, form, state } = await consentForm()
  const bent = withFields(
    form,
    decisions.map((decision) => ['decision', decision]),
  )
  const home = await browser.submit(page, bent)
  expect(Object.fromEntries(home.next?.searchParams ?? [])).toMatchObject({ error: 'access_denied', state })
  expect((await story.emulator.state()).counts).toEqual(before)
})

test('T09 fields that are not on the form change nothing: where it leads was settled when it began', async () => {
  const { browser, page, form } = await consentForm()
  const bent = withFields(form, [
    ['redirect_uri', 'https://evil.example/done'],
    ['client_id', 'nobody'],
    ['state', 'x'],
    ['resource', 'https://other.example/mcp'],
    ['__proto__', 'x'],
  ])
  const home = await browser.submit(page, bent, { press: { name: 'decision', value: 'deny' } })
  expect(home.next?.href).toMatch(/^http:\/\/localhost:33418\/done\?/)
})

test.for(['handle', ''])('a form without its handle (%j twice or not at all) opens nothing', async (name) => {
  const { browser, page, form } = await consentForm()
  const fields = form.fields.filter((field) => field.name !== 'handle')
  const bent = withFields(
    { ...form, fields },
    name === ''
      ? []
      : [
          ['handle', ''],
          ['handle', 'x'],
        ],
  )
  const refused = await browser.submit(page, bent, { press: { name: 'decision', value: 'approve' } })
  expect({ status: refused.status, next: refused.next }).toEqual({ status: 400, next: undefined })
})
