import { definersFor } from '#catalog/define-product.ts'
import type { NoteStore } from './api/client.ts'

/** The define functions of this product: each tool gets the user's `NoteStore` as `api`. */
export const { defineTool, defineResource, defineTemplate, definePrompt } = definersFor<NoteStore>()
