import { randomUUID } from 'node:crypto'
import { operateRoutes } from '#operate/api-schema.ts'
import { writeLines } from '../audit/files.ts'
import type { CommandLine } from './command-line.ts'
import type { Operator } from './operator.ts'
import { shownJson, type Terminal } from './terminal.ts'

/** Writes the whole audit log, page by page, in the form that `npm run audit -- verify --file` reads. */
export async function exportLog(
  { options: { out = '' }, reason, format }: CommandLine,
  operator: Operator,
  { print, say }: Terminal,
): Promise<void> {
  say(`This writes the whole audit log to ${out}.`)
  const act = randomUUID()
  const lines = await writeLines(out, pages(operator, act, reason))
  if (format === 'json') return print(shownJson({ act, out, lines }))
  print(`${out} (mode 0600): ${lines} lines. Act ${act}`)
  print(`Verify it: npm run audit -- verify --file ${out} --key <public key>`)
}

async function* pages(operator: Operator, act: string, reason: string): AsyncGenerator<object> {
  let page = await operator.send(operateRoutes.export, { body: { act, reason } })
  for (;;) {
    yield* page.lines
    if (page.next === null) return
    page = await operator.send(operateRoutes.exportPage, { body: { next: page.next } })
  }
}
