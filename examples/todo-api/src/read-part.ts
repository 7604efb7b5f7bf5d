import type { Context } from 'hono'
import { z } from 'zod'
import { deny, ok, type Result } from './denial.ts'
import { TodoId, type Part } from './todo.ts'

const MAX_PAGE = 200

const Page = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_PAGE))
    .default(MAX_PAGE),
  after: z.string().optional(),
  completed: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
})
const Ids = z
  .string()
  .transform((list) => [...new Set(list.split(','))])
  .pipe(z.array(z.string()).max(MAX_PAGE))

/** Which part of the list a request asks for; undefined: all of it. Other parameters are ignored. */
export function readPart(c: Context): Result<Part | undefined> {
  const { limit, after, completed, ids } = c.req.query()
  const page = { limit, after, completed }
  const paging = Object.entries(page).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (ids !== undefined) {
    const read = Ids.safeParse(ids)
    if (!read.success || paging.length > 0) return invalid(['ids', ...paging])
    // Anything else is an unknown todo, as it is in a path.
    return ok({ kind: 'ids', ids: read.data.filter((id) => TodoId.safeParse(id).success) })
  }
  if (paging.length === 0) return ok(undefined)
  const read = Page.safeParse(page)
  if (!read.success) return invalid(read.error.issues.map(({ path }) => String(path[0])))
  const { data } = read
  return ok({ kind: 'page', limit: data.limit, after: data.after, completed: data.completed })
}

/** Whether the answer to a write has only the todo that it changed. */
export function readOnlyChanged(c: Context): Result<boolean> {
  const only = c.req.query('only')
  return only === undefined || only === 'changed' ? ok(only === 'changed') : invalid(['only'])
}

const invalid = (parameters: readonly string[]) =>
  deny({ reason: 'parameters_invalid', parameters: [...new Set(parameters)] })
