import { todoItem } from './todo-item.ts'
import { todoList } from './todo-list.ts'

/** The resources of this product, in the order in which clients see them. */
export const resources = [todoList]
export const resourceTemplates = [todoItem]
