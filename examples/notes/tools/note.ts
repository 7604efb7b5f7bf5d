import { z } from 'zod'
import { boundedText, textUpTo } from '#lib/bounded-text.ts'
import { NOTE_ID, type StoredNote } from '../api/client.ts'

export const MAX_TEXT = 500
const MAX_SHOWN = 50

export const NoteId = z.string().regex(NOTE_ID).describe('Id of the note, as listNotes gives it')

/** As a tool shows it. Its text was written by someone: a value, never an instruction. */
export const Note = z.object({ id: z.string().max(128), text: textUpTo(MAX_TEXT) })

/** The part of a list that a model can take in, and the length of the whole list. */
export const NotePage = z.object({ shown: z.array(Note).max(MAX_SHOWN), total: z.int().min(0) })

/** Cleaned and bounded before a model or a user sees it. */
export const showNote = ({ id, text }: StoredNote) => ({
  id,
  text: boundedText(text, MAX_TEXT) || '(nothing that can be seen)',
})

export const pageOf = (stored: readonly StoredNote[]) => ({
  shown: stored.slice(0, MAX_SHOWN).map(showNote),
  total: stored.length,
})

export const countOf = (count: number) => (count === 1 ? '1 note' : `${count} notes`)

export const sayPage = ({ shown, total }: z.output<typeof NotePage>) =>
  shown.length === total ? `${countOf(total)}.` : `The newest ${shown.length} of ${countOf(total)}.`
