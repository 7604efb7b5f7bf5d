import { readExportPage } from '#audit/export-rows.ts'
import type { FoundEvent } from '#audit/read-questions.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { beginAct, finishAct, recordFailure } from './acts.ts'
import type { Handler, Operator } from './answer.ts'
import { type ApiDenial, notFound } from './api-denial.ts'
import { type ExportPage, ExportRequest, NextRequest, type Revealed, RevealRequest } from './api-schema.ts'
import type { OperateDeps } from './deps.ts'
import { readWalk, type WalkPlace, writeWalk } from './walk-token.ts'

// What needs the role auditor: opening protected fields, and the export of the log.

const nobody = { users: 0, grants: 0 }
const NOTHING = notFound('This event has no protected field.')
const UNREADABLE = notFound('It cannot be opened: the user was erased, or a root key is missing.')

/** The ciphertext of an event, and whose key may open it: that of a reason is the user's or the operator's. */
interface ProtectedFields {
  what: Revealed['what']
  ciphertext: string
  owners: readonly [string, ...string[]]
}

function protectedIn({ event, user }: FoundEvent): ProtectedFields | null {
  if (event === null) return null
  if (event.type === 'operator.began') {
    const { about, reason } = event
    if (reason.personal === undefined) return null
    const owners = about === undefined ? ([user] as const) : ([about, user] as const)
    return { what: 'reason', ciphertext: reason.personal, owners }
  }
  const given = 'arguments' in event ? event.arguments?.personal : undefined
  return given === undefined ? null : { what: 'arguments', ciphertext: given, owners: [user] }
}

/** POST /reveal: opens the protected fields of one event, after the act is on record (invariant 13). */
export const reveal: Handler<typeof RevealRequest, Revealed> = {
  role: 'auditor',
  input: RevealRequest,
  run: async ({ act, event: id, reason }, operator, deps) => {
    const found = await deps.questions.event(id)
    if (found === null) return err(notFound('The audit log has no such event.'))
    const fields = protectedIn(found)
    if (fields === null) return err(NOTHING)
    const [about] = fields.owners
    const facts = { about, subject: id, affects: { users: 1, grants: 0 }, isExact: true }
    const began = await beginAct({ act, operation: 'reveal', reason, ...facts }, operator, deps)
    if (!began.ok) return began
    const opened: { fields: Record<string, unknown> | null } = { fields: null }
    await finishAct({ act, operation: 'reveal' }, operator, deps, async () => {
      opened.fields = await open(fields, deps)
      return { affected: { users: opened.fields === null ? 0 : 1, grants: 0 }, next: null }
    })
    if (opened.fields === null) return err(UNREADABLE)
    return ok({ act, event: id, what: fields.what, fields: opened.fields })
  },
}

async function open(
  { ciphertext, owners }: ProtectedFields,
  { userNamed }: OperateDeps,
): Promise<Record<string, unknown> | null> {
  for (const owner of owners) {
    const opened = await userNamed(owner).reveal(ciphertext)
    if (opened.ok) return opened.value
  }
  return null
}

/** POST /export: records the act, and gives the first page. */
export const beginExport: Handler<typeof ExportRequest, ExportPage> = {
  role: 'auditor',
  input: ExportRequest,
  run: async ({ act, reason }, operator, deps) => {
    const facts = { about: null, subject: null, affects: nobody, isExact: true }
    const began = await beginAct({ act, operation: 'export', reason, ...facts }, operator, deps)
    if (!began.ok) return began
    const at = new Date(deps.nowSeconds() * 1000).toISOString()
    return ok(await tryPage({ operation: 'export', act, at, after: '' }, operator, deps))
  },
}

const NO_EXPORT: ApiDenial = notFound('This export cannot be continued. Begin it again.')

/** POST /export/pages: the next page. */
export const continueExport: Handler<typeof NextRequest, ExportPage> = {
  role: 'auditor',
  input: NextRequest,
  run: async ({ next }, operator, deps): Promise<Result<ExportPage, ApiDenial>> => {
    const place = await readWalk(next, operator, deps)
    if (place === null || place.operation !== 'export') return err(NO_EXPORT)
    return ok(await tryPage(place, operator, deps))
  },
}

type ExportPlace = Extract<WalkPlace, { operation: 'export' }>

/** The same page may be asked for again. */
async function tryPage(place: ExportPlace, operator: Operator, deps: OperateDeps): Promise<ExportPage> {
  try {
    return await exportPage(place, operator, deps)
  } catch (error) {
    deps.afterAnswer(recordFailure(place, operator))
    throw error
  }
}

async function exportPage(
  place: ExportPlace,
  { name, user }: Operator,
  deps: OperateDeps,
): Promise<ExportPage> {
  const { act, at, after } = place
  const page = await readExportPage(deps.ask, after === '' ? null : after, at)
  if (page.next === null) await user.endAct({ act, operation: 'export', outcome: 'done', affected: nobody })
  const next = page.next === null ? null : await writeWalk({ ...place, after: page.next }, name, deps)
  return { act, lines: [...page.lines], next }
}
