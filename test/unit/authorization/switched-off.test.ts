import { expect, test } from 'vitest'
import { switchedOffDenial } from '#authorization/oauth-denial.ts'

const nowMs = 1_000_000
const off = (says: string, untilMs: number | null = null) => switchedOffDenial({ says, untilMs }, nowMs)

test('a switch at /token is temporary, and its sentence has only characters of an error_description', () => {
  const { status, code, description } = off('Ada’s “tool” is out: \\o/ "now" für alle\n')
  expect([status, code]).toEqual([503, 'temporarily_unavailable'])
  expect(description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  expect(description).toContain("Ada's 'tool' is out: ?o/ 'now' f?r alle?")
})

test.each([
  [null, '60'],
  [nowMs + 1, '1'],
  [nowMs + 90_000, '90'],
  [nowMs + 86_400_000, '300'],
])('a switch that ends at %s is to be asked about again after %s seconds', (untilMs, seconds) => {
  expect(off('No.', untilMs).headers).toEqual({ 'Retry-After': seconds })
})
