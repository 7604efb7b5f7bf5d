import type { ProductTool } from '#catalog/define-tool.ts'
import type { NoteStore } from '../api/client.ts'
import { addNote } from './add-note.ts'
import { deleteNote } from './delete-note.ts'
import { listNotes } from './list-notes.ts'
import { searchNotes } from './search-notes.ts'
import { whoAmI } from './who-am-i.ts'

/** The tools of this product, in the order in which clients see them. */
export const tools: readonly ProductTool<NoteStore>[] = [whoAmI, listNotes, searchNotes, addNote, deleteNote]
