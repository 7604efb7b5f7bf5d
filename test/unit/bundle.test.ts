import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type Bundle, makeBundle } from '#harness/deployed-worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-bundle-'))
let bundle: Bundle
beforeAll(async () => {
  bundle = await makeBundle('wrangler.jsonc', folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [, aliases = ''] = /"alias": (\{[^}]*\})/.exec(readFileSync('wrangler.jsonc', 'utf8')) ?? []
const withoutComments = aliases.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(?=\s*\})/g, '')
const names = Object.keys(z.record(z.string(), z.string()).parse(JSON.parse(withoutComments)))
const packages = names.filter((name) => !name.startsWith('.'))

test('the bundle is smaller than 500 KiB, minified and gzipped', () => {
  expect(bundle.gzipBytes / 1024).toBeLessThan(500)
})

// The agents library constructs one of these when it is loaded.
const STAYS = /client\/dist\/(?:validators\/)?(?:cfWorker|dialects)/

test.each(packages)('%s is not in the bundle', (name) => {
  const files = bundle.inputs.filter((file) => file.includes(`node_modules/${name}/`))
  expect(files.filter((file) => !STAYS.test(file))).toEqual([])
})

test('nothing of a test or a bench is in the bundle', () => {
  expect(bundle.inputs.filter((file) => /^(?:test|bench)\//.test(file))).toEqual([])
})

test('of zod’s languages only English is in the bundle', () => {
  const languages = bundle.inputs.filter((file) => file.includes('zod/v4/locales/'))
  expect(languages.map((file) => file.split('/').at(-1))).toEqual(['en.js'])
})
