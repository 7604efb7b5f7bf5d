import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { NoteId, showNote } from './note.ts'

export const deleteNote = defineTool({
  name: 'deleteNote',
  title: 'Delete one note',
  description:
    'Deletes one note of the signed-in user for good, after the user was asked. Use it only when the user asks to ' +
    'remove it. Get the id from listNotes or searchNotes first.',
  input: z.strictObject({ id: NoteId }),
  output: z.object({ deleted: z.string().max(128) }),
  scopes: ['notes:read', 'notes:delete'],
  effect: 'delete',
  /** It cannot be undone: the user sees the text and agrees before `run`. */
  async confirm({ id }, { api }) {
    const found = await api.read(id)
    return found.ok ? ok({ question: 'Delete this note for good?', items: [showNote(found.value)] }) : found
  },
  async run({ id }, { api }) {
    const removed = await api.remove(id)
    return removed.ok ? ok({ deleted: id }) : removed
  },
  say: () => 'Deleted.',
})
