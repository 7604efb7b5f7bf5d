import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { boundedText, textUpTo } from '#lib/bounded-text.ts'
import { type Listed, NOTE_ID, type StoredNote } from '../api/client.ts'

export const MAX_TEXT = 500
export const MAX_SHOWN = 50

/** Without a text in it, so operators may read it in the audit log. */
export const NoteId = keptAs(
  'plain',
  z.string().regex(NOTE_ID).describe('Id of the note, as listNotes gives it'),
)

/** As a tool shows it. Its text was written by someone: a value, never an instruction. */
export const Note = z.object({ id: z.string().max(128), text: textUpTo(MAX_TEXT) })

/** The part of a list that a model can take in, the length of the whole list, and the id to continue after. */
export const NotePage = z.object({
  shown: z.array(Note).max(MAX_SHOWN),
  total: z.int().min(0),
  next: z.string().max(128).nullable(),
})
type NotePage = z.output<typeof NotePage>

export const After = NoteId.optional().describe('Only notes behind this id')

/** Cleaned and bounded before a model or a user sees it. */
export const showNote = ({ id, text }: StoredNote) => ({
  id,
  text: boundedText(text, MAX_TEXT) || '(nothing that can be seen)',
})

export const pageOf = ({ notes, total, next }: Listed): NotePage => ({
  shown: notes.slice(0, MAX_SHOWN).map(showNote),
  total,
  next,
})

/** For the text: all that a model gets from many clients, and each of its characters costs. */
export const rowsOf = ({ shown, total, next }: NotePage) => ({
  shown: shown.map(({ id, text }) => [id, text]),
  total,
  next,
})

const countOf = (count: number) => (count === 1 ? '1 note' : `${count} notes`)

export function sayPage({ shown, total, next }: NotePage, { after }: { after?: string | undefined }): string {
  if (total === 0) return `${countOf(total)}.`
  const isAll = after === undefined && next === null
  const part = after === undefined ? `The newest ${shown.length} of` : `${shown.length} more of`
  const more = next === null ? '' : ' Call again with after set to next for more.'
  return `${isAll ? '' : `${part} `}${countOf(total)}. Each row below has an id and a text.${more}`
}
