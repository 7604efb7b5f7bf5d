import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judge } from './judge.ts'
import { sessionRequest, statelessRequest } from './mcp-requests.ts'
import { oauthRequest } from './oauth-requests.ts'
import { type FuzzRequest, Stage } from './stage.ts'

const AT_ONCE = 200
const seeds = env.FUZZ_SEEDS.split(' ').map(Number)
const batches = Math.ceil(Number(env.FUZZ_REQUESTS) / seeds.length / AT_ONCE)

const request: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 5, arbitrary: statelessRequest },
  { weight: 3, arbitrary: sessionRequest },
  { weight: 5, arbitrary: oauthRequest },
)

const stage = await Stage.make()
const outcomes = new Map<string, number>()

async function faultsOf(batch: readonly FuzzRequest[]) {
  await stage.prepare()
  const verdicts = await Promise.all(
    batch.map(async (sent) => ({ sent, ...(await judge(sent, stage.send(sent))) })),
  )
  for (const { sent, status, code } of verdicts) {
    const [, place = ''] = /^(\/[a-z-]*)/.exec(sent.path) ?? []
    const key = `${place} ${status} ${code === null ? 'no code' : JSON.stringify(code)}`
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
    if (status === 404 || sent.method === 'DELETE') stage.forgetSession(sent)
  }
  return verdicts
    .filter(({ fault }) => fault !== null)
    .map(({ sent, fault, text }) => ({ fault, sent, text: text.slice(0, 300) }))
}

test.each(seeds)('no request gets a 5xx, an undefined error, or no answer (seed %i)', async (seed) => {
  const some = fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE, size: 'max' })
  await fc.assert(
    fc.asyncProperty(some, async (batch) => {
      expect(await faultsOf(batch)).toEqual([])
    }),
    // The request alone shows the fault. Shrinking would take longer than all cases.
    { seed, numRuns: batches, endOnFailure: true },
  )
})

// Guards against a fuzzer that never gets past the first check.
test.each([
  '/mcp 200 no code',
  '/mcp 202 no code',
  '/mcp 401 -31000',
  '/mcp 403 no code',
  '/mcp 400 -32020',
  '/mcp 404 -32601',
  '/mcp 200 -32601',
  '/authorize 200 no code',
  '/authorize 302 no code',
  '/callback 302 no code',
  '/token 400 no code',
  '/register 201 no code',
])('some requests came as far as: %s', (outcome) => {
  expect(outcomes.get(outcome) ?? 0).toBeGreaterThan(0)
})
