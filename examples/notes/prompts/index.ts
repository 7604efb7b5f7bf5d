import { summarizeNotes } from './summarize-notes.ts'

/** The prompts of this product. An empty list is not announced to clients. */
export const prompts = [summarizeNotes]
