import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type Bundle, importsOf, makeBundle } from '#harness/deployed-worker.ts'
import type * as Names from '../support/shortened-names/index.ts'

const NAMES = 'test/support/shortened-names/index.ts'
const folder = mkdtempSync(join(tmpdir(), 'mcp-bundle-'))
let bundle: Bundle
beforeAll(async () => {
  bundle = await makeBundle('wrangler.jsonc', folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [, aliases = ''] = /"alias": (\{[^}]*\})/.exec(readFileSync('wrangler.jsonc', 'utf8')) ?? []
const withoutComments = aliases.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(?=\s*\})/g, '')
const replaced = z.record(z.string(), z.string()).parse(JSON.parse(withoutComments))
const names = Object.keys(replaced)
const packages = names.filter((name) => !name.startsWith('.'))

test('the bundle is smaller than 500 KiB, minified and gzipped', () => {
  expect(bundle.gzipBytes / 1024).toBeLessThan(500)
})

test.each(packages)('%s is not in the bundle', (name) => {
  expect(bundle.inputs.filter((file) => file.includes(`node_modules/${name}/`))).toEqual([])
})

const packageOf = (file: string) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? file

test.each(names)('%s is imported, and always is what replaces it', (name) => {
  const files = importsOf(bundle, name).map(({ file }) => `./${file}`)
  expect(new Set(files)).toEqual(new Set([replaced[name]]))
})

test('a relative name that is replaced is a part of one library, and is gone', () => {
  const parts = names.filter((name) => name.startsWith('.'))
  const importers = parts.map((name) => [
    name,
    ...new Set(importsOf(bundle, name).map(({ by }) => packageOf(by))),
  ])
  expect(importers).toEqual([
    ['../locales/index.js', 'zod'],
    ['./compile.js', 'zod'],
    ['./from-json-schema.js', 'zod'],
    ['./mcp/client/do-oauth-client-provider.js', 'agents'],
  ])
  for (const [name = '', library = ''] of importers) {
    const end = name.replace(/^\.+/, '')
    const left = bundle.inputs.filter((file) => packageOf(file) === library && file.endsWith(end))
    expect(left).toEqual([])
  }
})

test('of the validators of JSON Schema one copy is in the bundle', () => {
  const copies = bundle.inputs.filter((file) => /cfWorkerProvider|@cfworker\/json-schema\//.test(file))
  expect(copies.map(packageOf)).toEqual(['@modelcontextprotocol/server'])
})

test('nothing of a test or a bench is in the bundle', () => {
  expect(bundle.inputs.filter((file) => /^(?:test|bench)\//.test(file))).toEqual([])
})

test('of zod’s languages only English is in the bundle', () => {
  const languages = bundle.inputs.filter((file) => file.includes('zod/v4/locales/'))
  expect(languages.map((file) => file.split('/').at(-1))).toEqual(['en.js'])
})

test('names of classes are shortened, but not those that a log line shows', async () => {
  const { path } = await makeBundle('wrangler.jsonc', join(folder, 'names'), NAMES)
  const { tellNames }: typeof Names = await import(path)
  const { before, after } = await tellNames()
  expect(after).toEqual(['JWSInvalid', 'OperationProcessingError'])
  expect(before.filter((name) => name.length > 2)).toEqual([])
  expect(readFileSync(bundle.path, 'utf8')).toMatch(/static name ?= ?["']McpSession["']/)
})
