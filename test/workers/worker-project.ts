import { basename, join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PATIENCE } from '../support/patience.ts'

interface Differences {
  /** The Worker under test, under the configuration that these projects share. Without it the folder has its own. */
  main?: string
  /** A folder with a configuration of its own has the database RECORDS too. */
  hasRecords?: boolean
  bindings?: Record<string, string>
  /**
   * Consecutive files run in one workerd, whose start takes seconds. They share modules too, so each test of such a
   * project leaves what it changed there as it was.
   */
  sharesRuntime?: boolean
  /** Answers the platform's fetch. Called once per runtime. */
  internet?: () => (request: Request) => Promise<Response>
  test?: { include?: string[]; testTimeout?: number }
}

const migrations = await readD1Migrations(join(import.meta.dirname, '../../migrations'))

/** A vitest project named like its folder. Its tests run in workerd beside the Worker. */
export const workerProject = (
  folder: string,
  {
    main,
    hasRecords = main !== undefined,
    bindings = {},
    sharesRuntime = false,
    internet,
    test,
  }: Differences = {},
) =>
  defineConfig({
    root: folder,
    cacheDir: join(import.meta.dirname, '../../node_modules/.vite', basename(folder)),
    plugins: [
      // A function, so that each runtime gets a separate internet.
      cloudflareTest(() => ({
        ...(main === undefined ? {} : { main: join(folder, main) }),
        wrangler: { configPath: join(main === undefined ? folder : import.meta.dirname, 'wrangler.jsonc') },
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
      isolate: !sharesRuntime,
      setupFiles: [
        'keep-logs.ts',
        ...(sharesRuntime ? ['start-empty.ts'] : []),
        ...(hasRecords ? ['apply-migrations.ts'] : []),
      ].map((file) => join(import.meta.dirname, file)),
      provide: { migrations },
      ...PATIENCE,
      ...test,
    },
  })
