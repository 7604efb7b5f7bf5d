import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Units } from '../../../scripts/limits/measure-costs.ts'
import { renderBounds } from '../../../scripts/limits/render-bounds.ts'
import { renderCosts } from '../../../scripts/limits/render-costs.ts'

test('docs/limits.md has every bound of a User as the code has it', () => {
  const words = (text: string) => text.replaceAll(/[ \t-]+/g, ' ')
  expect(words(readFileSync('docs/limits.md', 'utf8'))).toContain(words(renderBounds()))
})

test('the cost of an action is its units at list prices', () => {
  const none = Object.fromEntries(Units.keyof().options.map((unit) => [unit, 0]))
  const units = Units.parse({ ...none, requests: 1, objectRequests: 2, objectWrites: 12, d1Writes: 8 })
  const [head = '', , row = ''] = renderCosts([{ name: 'a read', count: 10, units }]).split('\n')
  expect(head).toContain('$ for 1,000')
  expect(row.split('|').map((cell) => cell.trim())).toEqual([
    '',
    'a read',
    '1',
    '2, 0',
    '0, 12',
    '0',
    '0, 8',
    '0, 0',
    '0, 0',
    '0.0206',
    '',
  ])
})
