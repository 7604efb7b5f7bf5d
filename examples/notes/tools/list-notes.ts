import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { After, MAX_SHOWN, NotePage, pageOf, rowsOf, sayPage } from './note.ts'

export const listNotes = defineTool({
  name: 'listNotes',
  title: 'List notes',
  description:
    'Lists the notes of the signed-in user with their ids, newest first. Use it to see what there is, and before ' +
    'deleteNote to find the id. It changes nothing. If next is not null, call it again with after set to next for ' +
    'more.',
  input: z.strictObject({ after: After }),
  output: NotePage,
  scopes: ['notes:read'],
  effect: 'read',
  async run({ after }, { api }) {
    const found = await api.find({ limit: MAX_SHOWN, after })
    return found.ok ? ok(pageOf(found.value)) : found
  },
  compact: rowsOf,
  say: sayPage,
})
