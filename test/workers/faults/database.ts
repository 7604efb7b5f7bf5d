import { overBinding } from './faults.ts'

/** The tables of the migrations, and the one that the ceiling of registrations makes. */
const TABLES =
  /\b(?:events|chains|sessions|users|rejected_events|denials|signed_lists|list_entries|registration_days|client_cutoffs)\b/g

/** Methods that send a statement. */
const SENDING = ['run', 'all', 'first', 'raw'] as const

interface Statement {
  real: D1PreparedStatement
  /** The same for a database where no table of ours exists. */
  bare: D1PreparedStatement
  /** Its SQL: a retry has other values, such as the time. */
  text: string
}

const statements = new WeakMap<D1PreparedStatement, Statement>()

const statementOf = (given: D1PreparedStatement): Statement => {
  const statement = statements.get(given)
  if (statement === undefined) throw new Error('a statement of another database')
  return statement
}

function withFaults({ real, bare, text }: Statement): D1PreparedStatement {
  const proxy = new Proxy(real, {
    get(_, name) {
      if (name === 'bind')
        return (...values: unknown[]) =>
          withFaults({ real: real.bind(...values), bare: bare.bind(...values), text })
      const method = SENDING.find((sending) => sending === name)
      if (method === undefined) return Reflect.get(real, name)
      const send = (to: D1PreparedStatement, parameters: unknown[]) => async (): Promise<unknown> =>
        Reflect.apply(to[method], to, parameters)
      return (...parameters: unknown[]) =>
        overBinding('d1', `${method} ${text}`, send(real, parameters), send(bare, parameters))
    },
  })
  statements.set(proxy, { real, bare, text })
  return proxy
}

/** The database, where each message meets the faults of `d1`. */
export const databaseWithFaults = (db: D1Database): D1Database =>
  new Proxy(db, {
    get(_, name) {
      if (name === 'prepare')
        return (sql: string) =>
          withFaults({ real: db.prepare(sql), bare: db.prepare(sql.replace(TABLES, 'no_$&')), text: sql })
      if (name !== 'batch') throw new Error(`the server has no use for ${String(name)}`)
      return (given: readonly D1PreparedStatement[]) => {
        const all = given.map(statementOf)
        return overBinding(
          'd1',
          `batch ${all.map(({ text }) => text).join('; ')}`,
          () => db.batch(all.map(({ real }) => real)),
          () => db.batch(all.map(({ bare }) => bare)),
        )
      }
    },
  })
