import { addTodo } from './add-todo.ts'
import type { ProductTool } from '#catalog/define-tool.ts'
import type { TodoStore } from '../api/client.ts'
import { deleteTodo } from './delete-todo.ts'
import { listTodos } from './list-todos.ts'
import { updateTodo } from './update-todo.ts'
import { whoAmI } from './who-am-i.ts'

/** The tools of this product, in the order in which clients see them. */
export const tools: readonly ProductTool<TodoStore>[] = [whoAmI, listTodos, addTodo, updateTodo, deleteTodo]
