import { allGroups, normalUsername } from './accounts.ts'
import { json, page, redirect, type Answer, readText } from './http.ts'
import { endFamilies, endSession } from './sessions.ts'
import { showControlPage, patchFromForm } from './pages/control-page.ts'
import type { Settings } from './settings.ts'
import { rotateKeys } from './signing-keys.ts'
import { readSwitches, type Store } from './store.ts'
import { isRecord, patchSwitches } from './switches.ts'
import { endpoints } from './endpoints.ts'
import { readTimeline } from './timeline.ts'

/**
 * The control API, for tests and developers. It has no authentication, so it rejects requests from pages of
 * other origins; the Worker has already rejected every host but loopback.
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
    case 'POST /groups':
      return setGroups(body, store)
    case 'POST /claims':
      return setClaims(body, store)
    case 'POST /reset':
      reset(store)
      return done(body, { ok: true })
    default:
      return problem(404, 'no such control')
  }
}

/** Browsers send these headers; requests of programs have neither and are allowed. */
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

/** Replaces the groups of a user, also of one who registers later. A form separates them by commas. */
function setGroups(body: Body, store: Store): Answer {
  const asked: unknown = body.form ? Object.fromEntries(body.form) : body.json
  const { username, groups: given, ...others } = isRecord(asked) ? asked : {}
  const groups = typeof given === 'string' && body.form ? splitNames(given) : given
  const isWhole = Object.keys(others).length === 0 && typeof username === 'string' && username.trim() !== ''
  if (!isWhole || !isNames(groups)) return problem(400, '{ username, groups } is expected, groups as a list')
  store.groups.put(normalUsername(username), groups)
  return done(body, { groups: allGroups(store) })
}

/** Replaces the claims of a user that attribute mappings give, also of one who registers later. */
function setClaims(body: Body, store: Store): Answer {
  const { username, claims, ...others } = isRecord(body.json) ? body.json : {}
  const isWhole = Object.keys(others).length === 0 && typeof username === 'string' && username.trim() !== ''
  const isMappable = isRecord(claims) && Object.keys(claims).every((name) => !standardClaims.includes(name))
  if (!isWhole || !isMappable)
    return problem(400, '{ username, claims } is expected, claims as an object without claims of OpenID')
  store.claims.put(normalUsername(username), claims)
  return done(body, { claims: Object.fromEntries(store.claims.all()) })
}

/** An attribute mapping cannot replace them. */
const standardClaims = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'acr',
  'amr',
  'auth_time',
  'nonce',
  'at_hash',
  'sid',
  'env',
]

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')

const splitNames = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

/** Keeps the signing keys, so that cached JWKS stay valid. */
function reset(store: Store): void {
  const { keys: _kept, ...collections } = store
  for (const collection of Object.values(collections)) collection.clear()
}

interface Body {
  readonly form: URLSearchParams | undefined
  readonly json: unknown
}

/** A body that begins like JSON is JSON, because curl calls it a form by default. An empty body is `{}`. */
function readBody(text: string, type: string): Body | undefined {
  const isForm = type.startsWith('application/x-www-form-urlencoded') && !text.startsWith('{')
  if (isForm) return { form: new URLSearchParams(text), json: undefined }
  try {
    return { form: undefined, json: text === '' ? {} : JSON.parse(text) }
  } catch {
    // The caller answers 400.
    return undefined
  }
}

/** Forms come from the control page and are redirected to it. */
const done = (body: Body, answer: unknown): Answer =>
  body.form ? redirect('/__emulator', 'done') : json(answer, 'done')

const problem = (status: number, ...problems: string[]): Answer => json({ problems }, 'refused', status)

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()
const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials']

/** The tenant's state, without secrets. */
export type State = ReturnType<typeof readState>

export function readState(store: Store) {
  const countOf = (name: string): number => store.counts.get(name) ?? 0
  return {
    switches: readSwitches(store),
    /** Requests since the last reset, by endpoint, unanswered ones included. */
    counts: Object.fromEntries(endpoints.map(({ name }) => [name, countOf(name)])),
    /** Authenticated token requests, by grant type. */
    grants: Object.fromEntries(grantTypes.map((grantType) => [grantType, countOf(`grant ${grantType}`)])),
    sessions: store.sessions.all().map(([sid, session]) => ({
      sid,
      username: session.username,
      authTime: iso(session.authTimeSeconds),
      lastUsed: iso(session.lastUsedSeconds),
    })),
    families: store.families.all().map(([id, family]) => ({
      id,
      username: family.given.username,
      sid: family.given.sid,
      scopes: family.given.scopes,
      created: iso(family.createdSeconds),
      rotations: family.rotations,
      alive: family.endedBecause === undefined,
      endedBecause: family.endedBecause ?? null,
    })),
    consents: store.consents.all().map(([username, scopes]) => ({ username, scopes })),
    groups: allGroups(store),
    claims: Object.fromEntries(store.claims.all()),
    keys: store.keys
      .all()
      .map(([kid, key]) => ({ kid, created: iso(key.createdSeconds), active: key.isActive })),
    timeline: readTimeline(store),
  }
}
