/**
 * Compares test/title-table.json (every test title before the renovation, its title now, or the reason why it went) with
 * the tests that exist. Run it with: node test/check-titles.mjs
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const list = (...parameters) =>
  JSON.parse(
    execFileSync('npx', ['vitest', 'list', '--json', ...parameters], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }),
  )
const now = new Map()
for (const { name } of [...list(), ...list('--config', 'test/browser/browser.config.ts')])
  now.set(name, (now.get(name) ?? 0) + 1)

const table = JSON.parse(readFileSync('test/title-table.json', 'utf8'))
const missing = table.filter(({ now: title, reason }) => {
  if (title === null) return reason === undefined
  const left = now.get(title) ?? 0
  now.set(title, left - 1)
  return left < 1
})
for (const { before, file } of missing) console.log(`missing: ${file}: ${before}`)
const removed = table.filter(({ now: title }) => title === null)
console.log(
  `${table.length} titles before, ${removed.length} removed for a reason, ${missing.length} missing`,
)
process.exitCode = missing.length === 0 ? 0 : 1
