import { product } from '../product.ts'
import type { Local } from './start-local.ts'

/** What a user needs to go on. The last line is for programs: it says that everything answers. */
export function printBanner(local: Local, stateDir: string): void {
  const { emulatorOrigin, todoOrigin } = local
  const rows: readonly (readonly [string, string])[] = [
    ['MCP server', `${local.mcpUrl}   (give this address to your MCP client, or: npm run inspector)`],
    ...(emulatorOrigin === undefined
      ? ([
          ['PingOne', `${local.issuer}   (redirect URIs there: ${local.origin}/callback, /signed-in)`],
        ] as const)
      : ([
          ['Sign in as', 'ada, bob or grace. The password is demo'],
          ['PingOne', `${emulatorOrigin}/__emulator   (an emulator: no account is needed)`],
        ] as const)),
    [product.apiName, todoOrigin ?? local.settings.API_URL ?? ''],
    ...(local.movedFrom === undefined
      ? []
      : ([
          [
            'Moved',
            `this state was at ${local.movedFrom}: clients that connected there connect and sign in again`,
          ],
        ] as const)),
    ['State', `${stateDir}   (begin empty: npm start -- --fresh; all logs are in ${stateDir}/logs)`],
  ]
  const text = rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n')
  console.log(`\n${text}\n\n  Ctrl-C ends everything.\n\nready ${local.mcpUrl}`)
}
