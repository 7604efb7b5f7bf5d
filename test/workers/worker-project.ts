import { basename, join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PATIENCE } from '../support/patience.ts'

interface Differences {
  bindings?: Record<string, string>
  /** Answers the platform's fetch. Called once per test file. */
  internet?: () => (request: Request) => Promise<Response>
  test?: { include?: string[]; testTimeout?: number }
}

/** A vitest project named like its folder. Its tests run in workerd beside the Worker of its wrangler.jsonc. */
export const workerProject = (folder: string, { bindings = {}, internet, test }: Differences = {}) =>
  defineConfig({
    root: folder,
    cacheDir: join(import.meta.dirname, '../../node_modules/.vite', basename(folder)),
    plugins: [
      // A function, so that each test file gets a separate internet.
      cloudflareTest(() => ({
        wrangler: { configPath: './wrangler.jsonc' },
        miniflare: {
          cf: false,
          bindings,
          ...(internet === undefined ? {} : { outboundService: internet() }),
        },
      })),
    ],
    test: {
      name: basename(folder),
      include: ['*.test.ts'],
      setupFiles: [join(import.meta.dirname, 'keep-logs.ts')],
      ...PATIENCE,
      ...test,
    },
  })
