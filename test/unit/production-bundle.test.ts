import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { EMULATOR_ENVIRONMENT_ID } from '#harness/local/plan.ts'
import { VERSION } from '#mcp/product.ts'
import { type Bundle, makeBundle } from '#harness/deployed-worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-production-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dryRun = (environment: string) =>
  makeBundle('wrangler.jsonc', join(folder, environment || 'locked'), undefined, environment)

let production: Bundle
let code: string
beforeAll(async () => {
  production = await dryRun('production')
  code = readFileSync(production.path, 'utf8')
})

test('every file of the production bundle is of src or of an installed package', () => {
  const others = production.inputs.filter((file) => !/^(?:src|node_modules)\//.test(file))
  // wrangler adds its own loader and polyfills of Node.
  expect(
    others.filter((file) => !/^(?:wrangler-modules-watch|virtual|\0?unenv|.*\.wrangler\/tmp)/.test(file)),
  ).toEqual([])
  const ofTests = /\.test\.|(?:^|\/)(?:emulators|harness|examples|fixtures?|local-api)\//
  expect(production.inputs.filter((file) => file.startsWith('src/') && ofTests.test(file))).toEqual([])
})

/** The emulator's users, as its source has them: id, username and names. */
const seeds = [...readFileSync('emulators/pingone/src/accounts.ts', 'utf8').matchAll(/seed\((.*)\),/g)].map(
  ([, values = '']) => [...values.matchAll(/'([^']+)'/g)].map(([, value = '']) => value),
)

test('the search knows the users of the emulator', () => {
  expect(seeds.length).toBeGreaterThan(4)
  for (const seed of seeds) expect(seed).toHaveLength(4)
})

test('no demo user, password, group or id of the emulator is in the production bundle', () => {
  const quoted = seeds.flatMap(([, username = '', , surname = '']) => [username, surname]).concat('demo')
  const inQuotes = quoted.filter((word) => new RegExp(`["'\`>]${word}["'\`<]`, 'i').test(code))
  expect(inQuotes).toEqual([])
  const ids = seeds.map(([id = '']) => id)
  const words = [
    ...ids,
    EMULATOR_ENVIRONMENT_ID,
    '2d6c1a54-0000-4000',
    '5c1f0e6d2b7a4e0f',
    'mcp-operators',
    'mcp-auditors',
  ]
  expect(words.filter((word) => code.includes(word))).toEqual([])
})

test('no word of the emulator, of fixtures or of the harness is in the production bundle', () => {
  const found = [
    ...code.matchAll(/.{0,40}(?:emulator|fixture|harness|localhost:87\d\d|\.dev\.vars|\.wrangler).{0,40}/gi),
  ]
  expect(found.map(([text]) => text)).toEqual([])
})

const Keys = z.record(z.string(), z.string())

/** Every secret in a settings file or a key file of this machine, and what looks like one in the code. */
test('no key is in the production bundle, neither of this machine nor any other', () => {
  const files = globSync('.wrangler/*/keys.json')
  const kept = files.flatMap((file) => Object.values(Keys.parse(JSON.parse(readFileSync(file, 'utf8')))))
  expect(kept.filter((secret) => code.includes(secret)).length).toBe(0)
  // A private JWK, a PEM block, a root key, a secret of a webhook.
  for (const shape of [
    /"d":"[\w-]{40,}"/,
    /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}/,
    /["'`][A-Za-z0-9]{1,16}:[\w-]{43}["'`]/,
    /whsec_[A-Za-z0-9+/]{32}/,
  ])
    expect(shape.exec(code)?.index).toBeUndefined()
})

test.for(['dev', 'staging', ''])('a dry run of %j is the same code as production', async (environment) => {
  const other = await dryRun(environment)
  expect(readFileSync(other.path, 'utf8') === code).toBe(true)
})

test('the version that clients and /health see is that of package.json', () => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')))
  expect(VERSION).toBe(version)
  expect(code).toContain(`"${version}"`)
})
