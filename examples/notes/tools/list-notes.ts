import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { NotePage, pageOf, sayPage } from './note.ts'

export const listNotes = defineTool({
  name: 'listNotes',
  title: 'List notes',
  description:
    'Lists the notes of the signed-in user with their ids, newest first. Use it to see what there is, and before ' +
    'deleteNote to find the id. It changes nothing.',
  input: z.strictObject({}),
  output: NotePage,
  scopes: ['notes:read'],
  effect: 'read',
  async run(_input, { api }) {
    const found = await api.find()
    return found.ok ? ok(pageOf(found.value)) : found
  },
  say: sayPage,
})
