import { globSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '#harness/local/workers.ts'

/** All project files with this name, so that a new Worker or tsconfig is found automatically. */
export const projectFiles = (name: string): readonly string[] =>
  globSync(`**/${name}`, { cwd: ROOT, exclude: ['**/node_modules/**', '**/.wrangler/**'] })
    .toSorted()
    .map((path) => join(ROOT, path))
