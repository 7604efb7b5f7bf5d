import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { cleanText, writtenText } from '#lib/bounded-text.ts'
import { err, ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { MAX_TEXT, Note, showNote } from './note.ts'

export const addNote = defineTool({
  name: 'addNote',
  title: 'Add one note',
  description:
    'Adds one note, a line of text, for the signed-in user and returns it with its id. Use it when the user asks ' +
    'to write something down. Calling it twice adds it twice.',
  input: z.strictObject({ text: keptAs('personal', writtenText(MAX_TEXT).describe('What to write down')) }),
  output: Note,
  scopes: ['notes:read', 'notes:write'],
  effect: 'add',
  async run({ text }, { api }) {
    if (cleanText(text) === '') return err({ reason: 'invisible' })
    const added = await api.add(text)
    return added.ok ? ok(showNote(added.value)) : added
  },
  say: () => 'Added.',
})
