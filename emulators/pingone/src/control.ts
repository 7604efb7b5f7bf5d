import { normalUsername } from './accounts.ts'
import { json, page, redirect, type Answer } from './answer.ts'
import { endFamilies } from './families.ts'
import { showControlPage } from './pages/control-page.ts'
import { readText } from './parameters.ts'
import { endSession } from './sessions.ts'
import type { Settings } from './settings.ts'
import { rotateKeys } from './signing-keys.ts'
import { readState } from './state.ts'
import { readSwitches, type Store } from './store.ts'
import { patchFromForm } from './switch-form.ts'
import { isRecord, patchSwitches } from './switches.ts'

/**
 * The control API, for tests and for whoever develops against the emulator. It asks for no password, so it
 * takes nothing from a web page of another origin; the Worker has already refused every host but loopback.
 */
export async function answerControl(
  request: Request,
  url: URL,
  settings: Settings,
  store: Store,
): Promise<Answer> {
  const act = `${request.method} ${url.pathname.slice('/__emulator'.length)}`
  if (act === 'GET ' || act === 'GET /')
    return page(showControlPage(settings, readState(store)), 'control page')
  if (act === 'GET /state') return json(readState(store), 'state')
  if (request.method !== 'POST') return problem(404, 'no such control')
  if (isCrossSite(request, url)) return problem(403, 'not from another origin')
  const body = readBody(await readText(request), request.headers.get('content-type') ?? '')
  if (!body) return problem(400, 'the body is neither JSON nor a form')
  switch (act) {
    case 'POST /switches':
      return changeSwitches(body, store)
    case 'POST /rotate-keys':
      return done(body, { kid: await rotateKeys(store, url.searchParams.get('drop') === '1') })
    case 'POST /end-sessions':
      return endSessions(body, store)
    case 'POST /reset':
      reset(store)
      return done(body, { ok: true })
    default:
      return problem(404, 'no such control')
  }
}

/** A browser says where a request comes from; a program does not, and may act. */
function isCrossSite(request: Request, url: URL): boolean {
  const site = request.headers.get('sec-fetch-site')
  const origin = request.headers.get('origin')
  return (
    (site !== null && site !== 'same-origin' && site !== 'none') || (origin !== null && origin !== url.origin)
  )
}

function changeSwitches(body: Body, store: Store): Answer {
  const patch = body.form ? patchFromForm(body.form) : body.json
  const patched = patchSwitches(readSwitches(store), patch)
  if (!patched.ok) return problem(400, ...patched.problems)
  store.switches.put('now', patched.switches)
  return done(body, { switches: patched.switches })
}

function endSessions(body: Body, store: Store): Answer {
  const asked: unknown = body.form ? Object.fromEntries(body.form) : body.json
  const username = isRecord(asked) ? (asked['username'] ?? '') : undefined
  const isWhole = isRecord(asked) && Object.keys(asked).every((name) => name === 'username')
  if (!isWhole || typeof username !== 'string') return problem(400, 'nothing or { username } is expected')
  const who = normalUsername(username)
  const ended = store.sessions.all().filter(([, session]) => who === '' || session.username === who)
  for (const [sid] of ended) endSession(store, sid)
  endFamilies(store, 'session ended', ({ given }) => who === '' || given.username === who)
  return done(body, { ended: ended.length })
}

/** Everything but the signing keys: whoever cached the JWKS may go on. */
function reset(store: Store): void {
  const { keys: _kept, ...shelves } = store
  for (const shelf of Object.values(shelves)) shelf.clear()
}

interface Body {
  readonly form: URLSearchParams | undefined
  readonly json: unknown
}

/** JSON, or a form. What begins like JSON is JSON even when curl calls it a form. Nothing is an empty object. */
function readBody(text: string, type: string): Body | undefined {
  const isForm = type.startsWith('application/x-www-form-urlencoded') && !text.startsWith('{')
  if (isForm) return { form: new URLSearchParams(text), json: undefined }
  try {
    return { form: undefined, json: text === '' ? {} : JSON.parse(text) }
  } catch {
    // Silence is right: the caller gets a 400 that says so.
    return undefined
  }
}

/** A form came from the control page and goes back to it. */
const done = (body: Body, answer: unknown): Answer =>
  body.form ? redirect('/__emulator', 'done') : json(answer, 'done')

const problem = (status: number, ...problems: string[]): Answer => json({ problems }, 'refused', status)
