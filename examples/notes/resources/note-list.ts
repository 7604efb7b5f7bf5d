import { quotedJson } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import { defineResource } from '../define.ts'
import { MAX_SHOWN, pageOf } from '../tools/note.ts'

export const NOTE_LIST_URI = 'notes://list'

export const noteList = defineResource({
  name: 'noteList',
  title: 'List of notes',
  description: 'The notes of the signed-in user as JSON, newest first.',
  uri: NOTE_LIST_URI,
  mimeType: 'application/json',
  scopes: ['notes:read'],
  async read({ api }) {
    const found = await api.find({ limit: MAX_SHOWN })
    return found.ok ? ok([{ mimeType: 'application/json', text: quotedJson(pageOf(found.value)) }]) : found
  },
})
