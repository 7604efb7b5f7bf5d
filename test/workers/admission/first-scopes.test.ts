import { expect, test } from 'vitest'
import { z } from 'zod'
import { serverWith } from './server.ts'

const Resource = z.object({ scopes_supported: z.array(z.string()) })

async function firstAsked(settings: Readonly<Record<string, string>>) {
  const server = serverWith(settings)
  const challenges = await Promise.all(
    [{}, { authorization: 'Bearer made-up' }].map(async (headers) => {
      const answer = await server.send('/mcp', { method: 'POST', headers })
      return /scope="([^"]*)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1]
    }),
  )
  const documents = await Promise.all(
    ['', '/mcp'].map(async (path) => {
      const answer = await server.send(`/.well-known/oauth-protected-resource${path}`)
      return Resource.parse(await answer.json()).scopes_supported.join(' ')
    }),
  )
  return [...challenges, ...documents]
}

test.each([
  [{}, 'todo:read'],
  [{ FIRST_SCOPES: 'required' }, 'todo:read'],
  [{ FIRST_SCOPES: 'all' }, 'todo:read todo:write'],
  [{ FIRST_SCOPES: 'all', PROFILE: 'read-only' }, 'todo:read'],
] as const)('with %j a client is told the same, wherever it looks: %s', async (settings, scopes) => {
  expect(await firstAsked(settings)).toEqual([scopes, scopes, scopes, scopes])
})

test('another word is a settings problem', async () => {
  expect((await serverWith({ FIRST_SCOPES: 'some' }).send('/')).status).toBe(503)
})
