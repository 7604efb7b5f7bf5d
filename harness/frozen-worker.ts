/**
 * The code of a release, frozen beside its state: `scripts/freeze-state.ts` packs the module that a deploy uploads, and tests
 * run it with the settings and storage of this checkout.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/** Compressed. A release adds this much to the repository for good. */
const MOST_BYTES = 700 * 1024

/** How wrangler imports a text module that it puts beside the bundle. */
const TEXT_IMPORT = /\bimport (?<name>[\w$]+) from ?"\.\/(?<file>[\w.-]+\.jsonc)";/g

/**
 * Packs a bundle as one module: with the texts beside it, without what points to its source map. `path`: of its code, as
 * `makeBundle` answers it. `refused`: texts of the machine that built it.
 */
export function packWorker(path: string, archive: string, refused: readonly string[]): void {
  const code = readFileSync(path, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  const plain = code.replace(TEXT_IMPORT, (_import, name: string, file: string) => {
    const text = readFileSync(join(dirname(path), file), 'utf8')
    return `const ${name}=${JSON.stringify(text)};`
  })
  const beside = /\bfrom ?"(\.\/[^"]+)"/.exec(plain)
  if (beside !== null) throw new Error(`the bundle needs ${beside[1]}, which is not packed`)
  const found = refused.filter((text) => plain.includes(text))
  if (found.length > 0) throw new Error(`the bundle contains ${found.join(', ')}`)
  const packed = brotliCompressSync(plain)
  if (packed.byteLength > MOST_BYTES)
    throw new Error(`the bundle has ${packed.byteLength} bytes, packed; at most ${MOST_BYTES} are kept`)
  writeFileSync(archive, packed)
}

/** Writes the module of a release to `file`. */
export const unpackWorker = (archive: string, file: string): void =>
  writeFileSync(file, brotliDecompressSync(readFileSync(archive)))
