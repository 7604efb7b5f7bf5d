import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { writtenText } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { After, MAX_SHOWN, NotePage, pageOf, rowsOf, sayPage } from './note.ts'

export const searchNotes = defineTool({
  name: 'searchNotes',
  title: 'Search notes',
  description:
    'Finds notes of the signed-in user that contain all the given words. Use it when the user asks for something ' +
    'in particular. It changes nothing.',
  input: z.strictObject({
    words: keptAs('personal', writtenText(100).describe('Words to look for')),
    after: After,
  }),
  output: NotePage,
  scopes: ['notes:read'],
  effect: 'read',
  async run({ words, after }, { api }) {
    const found = await api.find({ limit: MAX_SHOWN, words, after })
    return found.ok ? ok(pageOf(found.value)) : found
  },
  compact: rowsOf,
  say: sayPage,
})
