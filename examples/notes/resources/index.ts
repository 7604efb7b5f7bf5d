import { noteList } from './note-list.ts'

/** The resources of this product. An empty list is not announced to clients. */
export const resources = [noteList]
export const resourceTemplates = []
