import { routes } from './routes.ts'

export { TodoList } from './todo-list.ts'

export default { fetch: routes.fetch } satisfies ExportedHandler<Env>
