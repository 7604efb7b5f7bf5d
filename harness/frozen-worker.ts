/**
 * The code of a release, frozen beside its state: `scripts/freeze-state.ts` packs the module that a deploy uploads, and tests
 * run it with the settings and storage of this checkout.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/** Compressed. A release adds this much to the repository for good. */
const MOST_BYTES = 700 * 1024

/** Packs a bundle, without what points to its source map. `refused`: texts of the machine that built it. */
export function packWorker(code: string, archive: string, refused: readonly string[]): void {
  const plain = code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
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
