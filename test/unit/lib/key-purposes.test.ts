import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encryptionInfo, encryptionPurposes, signingPurposes } from '#lib/root-keys.ts'

const REGISTRY = join('src', 'lib', 'root-keys.ts')

test('no two keys are derived for the same purpose', () => {
  const encryption = Object.values(encryptionPurposes).map((purpose) => encryptionInfo(purpose, 'grant'))
  const infos = [...Object.values(signingPurposes), ...encryption]
  expect(new Set(infos).size).toBe(infos.length)
})

test('purposes of keys are written in the registry only', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join('src', file))
    .filter((file) => file !== REGISTRY)
  const keyed = files.filter((file) =>
    /derive(?:Encryption|Signing)Key|\b(?:en|de)crypt\(|keysFor\(/.test(readFileSync(file, 'utf8')),
  )
  expect(keyed.length).toBeGreaterThan(5)
  const written = keyed.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /(?:purpose: |PURPOSE = |keysFor\(|derive(?:Encryption|Signing)Key\([^)]*, )'[^']*'/gi,
      ),
    ].map(([text]) => `${file}: ${text}`),
  )
  expect(written).toEqual([])
})
