import { globSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../local/workers.ts'

/** Files of the project with this name, wherever they are; a new Worker or tsconfig is found by being there. */
export const projectFiles = (name: string): readonly string[] =>
  globSync(`**/${name}`, { cwd: ROOT, exclude: ['**/node_modules/**', '**/.wrangler/**'] })
    .toSorted()
    .map((path) => join(ROOT, path))
