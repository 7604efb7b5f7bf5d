import { expect, test } from 'vitest'
import { styles } from '#pages/styles.ts'

const paletteOf = (css: string) =>
  Object.fromEntries(
    [...css.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2] ?? '']),
  )

const darkAt = styles.indexOf('@media (prefers-color-scheme: dark)')
const light = paletteOf(styles.slice(0, darkAt))
const dark = paletteOf(styles.slice(darkAt))

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

const text: readonly [string, string][] = [
  ['ink', 'surface'],
  ['ink', 'inset'],
  ['soft', 'ground'],
  ['soft', 'surface'],
  ['soft', 'inset'],
  ['accent', 'surface'],
  ['accent-deep', 'surface'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-deep'],
  ['warn-ink', 'warn-ground'],
]
const edges: readonly [string, string][] = [
  ['control', 'surface'],
  ['control', 'inset'],
  ['accent', 'surface'],
  ['accent', 'inset'],
  ['warn-line', 'warn-ground'],
  ['warn-line', 'surface'],
]
const both = (pairs: readonly [string, string][]) =>
  Object.entries({ light, dark }).flatMap(([scheme, palette]) =>
    pairs.map(([front, back]) => [scheme, front, back, palette[front] ?? '', palette[back] ?? ''] as const),
  )

test.each(both(text))('%s: %s on %s is read by everyone (4.5:1)', (_scheme, _front, _back, front, back) => {
  expect(contrast(front, back)).toBeGreaterThanOrEqual(4.5)
})

test.each(both(edges))('%s: the edge %s on %s is seen (3:1)', (_scheme, _front, _back, front, back) => {
  expect(contrast(front, back)).toBeGreaterThanOrEqual(3)
})

test('the stylesheet loads nothing', () => {
  expect(styles).not.toMatch(/url\(|@import|@font-face|https?:/)
})

test('motion stops for those who ask, and forced colours are thought of', () => {
  expect(styles).toContain('prefers-reduced-motion: reduce')
  expect(styles).toContain('forced-colors: active')
})

test('whoever wants no motion, or has no pointer that hovers, still gets buttons that work', () => {
  const reduced = styles.slice(styles.indexOf('@media (prefers-reduced-motion'))
  expect(reduced).not.toMatch(/\.armed|visibility/)
  expect(styles).toMatch(/@keyframes arm \{ from \{ visibility: hidden; \} to \{ visibility: visible; \} \}/)
  expect(styles).toMatch(/\.armed \.button, \.scope input \{ animation: arm 1s step-end both; \}/)
})

test('every colour that is used has a value in both schemes', () => {
  expect(Object.keys(dark).toSorted()).toEqual(Object.keys(light).toSorted())
  for (const [, name] of styles.matchAll(/var\(--([a-z-]+)\)/g)) expect(styles).toContain(`--${name ?? ''}: `)
})
