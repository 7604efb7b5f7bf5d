import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderBounds } from '../../../scripts/limits/render-bounds.ts'

test('docs/limits.md has every bound of a User as the code has it', () => {
  const words = (text: string) => text.replaceAll(/[ \t-]+/g, ' ')
  expect(words(readFileSync('docs/limits.md', 'utf8'))).toContain(words(renderBounds()))
})
