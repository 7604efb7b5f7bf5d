import { definersFor } from '#catalog/define-product.ts'
import type { TodoStore } from './api/client.ts'

/** The define functions of this product: each tool gets the user's `TodoStore` as `api`. */
export const { defineTool, defineResource, defineTemplate, definePrompt } = definersFor<TodoStore>()
