import { expect, test } from 'vitest'
import { endSentence } from '#account/texts.ts'
import { momentOf, usedMoment } from '#account/view.ts'
import { signInDenialText, type SignInDenial } from '#sign-in/denials.ts'
import { EndReason } from '#users/grants/grant.ts'

test('every end has a sentence of its own', () => {
  const sentences = EndReason.options.map(endSentence)
  expect(new Set(sentences).size).toBe(EndReason.options.length)
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].{10,}\.$/)
})

const REFUSALS: readonly SignInDenial[] = [
  { reason: 'not_ours', detail: 'CANARY' },
  { reason: 'declined', detail: 'CANARY' },
  { reason: 'scopes_withheld', detail: 'CANARY' },
  { reason: 'blocked', detail: 'CANARY' },
  { reason: 'refused_by_pingone', detail: 'CANARY' },
  { reason: 'not_trusted', detail: 'CANARY' },
  { reason: 'dead', detail: 'CANARY' },
  { reason: 'misconfigured', detail: 'CANARY' },
  { reason: 'broken', detail: 'CANARY' },
  { reason: 'unavailable', detail: 'CANARY', retryAfterSeconds: 7 },
]

test.for(REFUSALS)('a sign-in that is refused as $reason says so in words of ours', (denial) => {
  const { title, sentence, status, retryAfterSeconds, mayRetry } = signInDenialText(denial)
  expect(`${title} ${sentence}`).not.toContain('CANARY')
  expect(retryAfterSeconds === null).toBe(status !== 503)
  expect(mayRetry).toBe(denial.reason !== 'blocked')
})

test('which check failed is nobody’s business outside', () => {
  expect(signInDenialText({ reason: 'dead', detail: 'x' })).toEqual(
    signInDenialText({ reason: 'not_trusted', detail: 'y' }),
  )
})

test('a time says which one it is, and a use is told no more exactly than it is known', () => {
  expect(momentOf(1_795_242_180)).toEqual({ iso: '2026-11-21T06:23:00.000Z', text: '21 Nov 2026, 06:23 UTC' })
  expect(usedMoment(1_795_242_180, 1_795_242_180 + 3599).text).toBe('within the last hour')
  expect(usedMoment(1_795_242_180, 1_795_242_180 + 3600).text).toBe('21 Nov 2026, 06:23 UTC')
})
