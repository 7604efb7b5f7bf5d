import { table } from '#harness/table.ts'
import { type Cells, FEATURES, YES } from './features.ts'

/** docs/clients/features.md: one row for each client; anything other than "yes" becomes a numbered note. */
export function renderTable(clients: readonly (readonly [name: string, cells: Cells])[]): string {
  const notes: string[] = []
  const shown = (cell: string): string => {
    if (cell === YES) return YES
    if (!notes.includes(cell)) notes.push(cell)
    const [word = ''] = /^(?:yes|no)\b/.exec(cell) ?? ['yes']
    return `${word} (${notes.indexOf(cell) + 1})`
  }
  const rows = clients.map(([name, cells]) => [name, ...FEATURES.map((feature) => shown(cells[feature]))])
  return [
    HEAD,
    table(['client', ...FEATURES], rows),
    notes.map((note, at) => `${at + 1}. ${note}`).join('\n'),
    FEATURES_SAY,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

const HEAD = `<!-- Written by \`npx vitest run --project e2e test/e2e/clients-table.test.ts -u\`. -->

# Features by client

Each cell is what a run of \`test/e2e/clients-table.test.ts\` saw with the released program; the test fails when it sees
something else. The SDKs stand for an application that is built on them and can show forms. mcp-remote has such an
application in front of it. Other programs are in the [table of clients](README.md).`

const FEATURES_SAY = `Completion: of the ids of one's own todos. Elicitation: deleting two todos asks the user, once.
Progress: of each deletion. Cancellation: of that call while the user is being asked, who agrees all the same.
Step-up: a write after a login to read. Refresh: the call after the access token was spoiled succeeds without a login.`
