import { beforeEach, expect, test } from 'vitest'
import { documents, registrations } from './real-clients.ts'
import { pageOf, registered, serverWith } from './server.ts'
import { requestedUrls, clearInternet, publish } from './the-internet.ts'

// CLIENT_ADMISSION is unset: the default of a deployment.
const server = serverWith()
beforeEach(clearInternet)

test.for(Object.entries(documents))('%s is admitted by its document', async ([label, document]) => {
  await publish(document.client_id, document)
  for (const redirectUri of document.redirect_uris) {
    const page = await pageOf(await server.authorize(document.client_id, redirectUri))
    expect(page).toMatchObject({ status: 200, title: expect.stringContaining('May this app act for you?') })
    expect(page.text).toContain(`on our list as ${label.split(',')[0]}`)
    expect(page.text).toContain(new URL(redirectUri).hostname)
  }
})

/** The consent page's sentence about a client. It vouches for no local one: any program could be that. */
const expectedOn = (label: string, redirectUri: string) => {
  if (redirectUri.startsWith('cursor:')) return { status: 403, says: 'This app cannot be answered safely' }
  return {
    status: 200,
    says: redirectUri.startsWith('https:') ? `on our list as ${label}` : 'Nothing on this page proves',
  }
}

test.for(Object.entries(registrations))('%s is admitted by its registration', async ([label, metadata]) => {
  const client = await registered(await server.register(metadata))
  for (const redirectUri of metadata.redirect_uris) {
    const { status, says } = expectedOn(label, redirectUri)
    const page = await pageOf(await server.authorize(client, redirectUri))
    expect(page).toMatchObject({ status, location: null, text: expect.stringContaining(says) })
    expect(page.text.includes('on our list')).toBe(redirectUri.startsWith('https:'))
  }
  expect(await requestedUrls()).toEqual([])
})

test('a loopback client may come back on another port than it registered', async () => {
  const client = await registered(await server.register(registrations['VS Code']))
  expect((await server.authorize(client, 'http://127.0.0.1:61234/')).status).toBe(200)
})

test('a logo is never loaded, neither by us nor by the page', async () => {
  const { client_id: client, redirect_uris: redirects, logo_uri: logo } = documents['VS Code']
  await publish(client, documents['VS Code'])
  const answer = await server.authorize(client, redirects[0] ?? '')
  expect(answer.headers.get('content-security-policy')).toContain("img-src 'self' data:;")
  expect(await answer.text()).not.toContain(logo)
  expect(await requestedUrls()).not.toContain(logo)
})
