import { z } from 'zod'

/** Everything that Cloudflare bills per unit, since the Worker started. */
class Units {
  requests = 0
  /** RPCs and requests to objects. */
  objectRequests = 0
  alarms = 0
  webSocketMessages = 0
  /** Rows of key-value methods and alarms that were set. SQL is in the cursors. */
  keyReads = 0
  keyWrites = 0
  d1Reads = 0
  d1Writes = 0
  d1Requests = 0
  kvReads = 0
  kvWrites = 0
  lines = 0
  lineBytes = 0
  /** A cursor knows its rows when it was read to its end. */
  readonly cursors: Pick<SqlStorageCursor<Record<string, SqlStorageValue>>, 'rowsRead' | 'rowsWritten'>[] = []

  read() {
    const { cursors, keyReads, keyWrites, ...others } = this
    const sum = (rows: readonly number[]) => rows.reduce((total, count) => total + count, 0)
    return {
      ...others,
      objectReads: keyReads + sum(cursors.map(({ rowsRead }) => rowsRead)),
      objectWrites: keyWrites + sum(cursors.map(({ rowsWritten }) => rowsWritten)),
    }
  }
}

export const units = new Units()

type Method = (...given: readonly unknown[]) => unknown
type Note = (result: unknown, given: readonly unknown[]) => void

const isMethod = (member: unknown): member is Method => typeof member === 'function'

/** Tells each call of a method, with its result. */
export function watch(target: object, name: string, note: Note): void {
  const method: unknown = Reflect.get(target, name)
  if (!isMethod(method)) throw new TypeError(`there is no method ${name}`)
  Object.defineProperty(target, name, {
    configurable: true,
    value(this: object, ...given: readonly unknown[]): unknown {
      const result = Reflect.apply(method, this, given)
      note(result, given)
      return result
    },
  })
}

const watched = new WeakSet<object>()
const isNew = (target: object): boolean => !watched.has(target) && watched.add(target).has(target)

/** Counts rows of an object. A key-value method is billed as a row per key, an alarm that is set as a row written. */
export function watchStorage(storage: DurableObjectStorage): void {
  const exec = storage.sql.exec.bind(storage.sql)
  Object.defineProperty(storage.sql, 'exec', {
    value: (query: string, ...values: readonly unknown[]) => {
      const cursor = exec(query, ...values)
      units.cursors.push(cursor)
      return cursor
    },
  })
  for (const store of [storage.kv, storage]) {
    watch(store, 'get', (_result, [keys]) => (units.keyReads += keysIn(keys)))
    watch(store, 'list', () => (units.keyReads += 1))
    watch(store, 'put', (_result, [keys]) => (units.keyWrites += keysIn(keys)))
    watch(store, 'delete', (_result, [keys]) => (units.keyWrites += keysIn(keys)))
  }
  watch(storage, 'setAlarm', () => (units.keyWrites += 1))
}

function keysIn(given: unknown): number {
  if (typeof given === 'string') return 1
  return typeof given === 'object' && given !== null ? Object.keys(given).length : 0
}

const Billed = z.object({ meta: z.object({ rows_read: z.number(), rows_written: z.number() }) })
const Answer = z.union([z.array(Billed), Billed.transform((one) => [one])])

async function noteD1(result: unknown): Promise<void> {
  units.d1Requests += 1
  const { data = [] } = Answer.safeParse(await result)
  for (const { meta } of data) {
    units.d1Reads += meta.rows_read
    units.d1Writes += meta.rows_written
  }
}

const note: Note = (result) => void noteD1(result)

/** Counts requests to objects, D1 and KV. */
export function watchEnv(env: Env): void {
  const { USER, MCP_SESSION, RECORDS, OAUTH_KV } = env
  for (const objects of [USER, MCP_SESSION]) if (isNew(objects)) watchObjects(objects)
  if (isNew(RECORDS)) {
    watch(RECORDS, 'batch', note)
    const prototype: unknown = Object.getPrototypeOf(RECORDS.prepare('SELECT 1'))
    if (typeof prototype !== 'object' || prototype === null) throw new TypeError('a statement is no object')
    if (isNew(prototype)) for (const name of ['all', 'run']) watch(prototype, name, note)
  }
  if (isNew(OAUTH_KV)) {
    for (const name of ['get', 'getWithMetadata']) watch(OAUTH_KV, name, () => (units.kvReads += 1))
    for (const name of ['put', 'delete', 'list']) watch(OAUTH_KV, name, () => (units.kvWrites += 1))
  }
}

/** A stub asks its object with each method but these. */
const LOCAL = new Set(['then', 'id', 'name', 'constructor'])

function watchObjects(objects: object): void {
  for (const name of ['get', 'getByName']) {
    const method: unknown = Reflect.get(objects, name)
    if (!isMethod(method)) throw new TypeError(`there is no method ${name}`)
    Object.defineProperty(objects, name, {
      value: (...given: readonly unknown[]) => counted(Reflect.apply(method, objects, given)),
    })
  }
}

function counted(stub: unknown): unknown {
  if (typeof stub !== 'object' || stub === null) throw new TypeError('a stub is no object')
  return new Proxy(stub, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (!isMethod(member) || typeof name === 'symbol' || LOCAL.has(name)) return member
      return (...given: readonly unknown[]) => {
        units.objectRequests += 1
        return Reflect.apply(member, target, given)
      }
    },
  })
}

/** Counts lines and their bytes. The log calls these methods, also for texts of libraries. */
export function watchLog(): void {
  for (const name of ['log', 'warn', 'error'])
    watch(console, name, (_result, given) => {
      units.lines += 1
      units.lineBytes += new TextEncoder().encode(given.join(' ')).byteLength
    })
}
