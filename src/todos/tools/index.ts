import { addTodo } from './add-todo.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { deleteTodo } from './delete-todo.ts'
import { listTodos } from './list-todos.ts'
import { updateTodo } from './update-todo.ts'
import { whoAmI } from './who-am-i.ts'

/** The tools of this product, in the order in which clients see them. */
export const tools: readonly AnyTool[] = [whoAmI, listTodos, addTodo, updateTodo, deleteTodo]
