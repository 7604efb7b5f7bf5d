import { connectSteps } from '#pages/connect-steps.ts'
import { chosen, product } from './chosen-product.ts'
import type { Local } from './start-local.ts'
import { SHOWN_USERS } from './workers.ts'

/** What a user needs to continue. The last line is for programs: everything answers. */
export function printBanner(local: Local, stateDir: string): void {
  const { emulatorOrigin, apiOrigin } = local
  const claude = connectSteps(local.mcpUrl, product.slug).find(({ id }) => id === 'claude-code')
  const fresh = ['npm start --', ...(chosen.isOfEntry ? [] : ['--product', chosen.folder.split('/').at(-1)])]
  const rows: readonly (readonly [string, string])[] = [
    ['Product', `${product.title}   (${chosen.folder})`],
    ['MCP server', `${local.mcpUrl}   (give this address to your MCP client, or: npm run inspector)`],
    ['Claude Code', claude?.snippets[0]?.code ?? ''],
    ...(emulatorOrigin === undefined
      ? ([
          ['PingOne', `${local.issuer}   (redirect URIs there: ${local.origin}/callback, /signed-in)`],
        ] as const)
      : ([
          [
            'Sign in as',
            `${SHOWN_USERS.users.map(({ username }) => username).join(', ')}. The password is ${SHOWN_USERS.password}`,
          ],
          ['', 'grace is an operator, mary an auditor'],
          ['PingOne', `${emulatorOrigin}/__emulator   (an emulator: no account is needed)`],
        ] as const)),
    [product.apiName, apiOrigin ?? local.settings.API_URL ?? ''],
    ...(local.movedFrom === undefined
      ? []
      : ([
          [
            'Moved',
            `this state was at ${local.movedFrom}: clients that connected there connect and sign in again`,
          ],
        ] as const)),
    ['State', `${stateDir}   (begin empty: ${fresh.join(' ')} --fresh; all logs are in ${stateDir}/logs)`],
  ]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  const text = rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`).join('\n')
  console.log(`\n${text}\n\n  Ctrl-C ends everything.\n\nready ${local.mcpUrl}`)
}
