import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unstable_splitSqlQuery as splitSqlQuery } from 'wrangler'
import { expect, test } from 'vitest'

// A rollback leaves migrations applied, and a deploy applies them while the old code still runs. So a migration only adds;
// what nobody uses any more is removed by a later release than the one that stopped using it.

const FOLDER = join(import.meta.dirname, '../../migrations')

const ADDITIVE = [/^CREATE TABLE (?!IF NOT EXISTS)\w+ ?\(/i, /^CREATE INDEX \w+ ON /i]
const UNIQUE_INDEX = /^CREATE UNIQUE INDEX \w+ ON (?<table>\w+) ?\(/i
const DROP_INDEX = /^DROP INDEX (?<index>\w+)$/i
const ADD_COLUMN = /^ALTER TABLE \w+ ADD (?:COLUMN )?\w+ ?(?<definition>.*)$/i

const plainOf = (statement: string): string =>
  statement.replaceAll(/--.*$/gm, ' ').replaceAll(/\s+/g, ' ').trim().replace(/;$/, '')

/** Why the older code may fail after this statement; undefined: it only adds. `migration`: its other statements. */
function whyNotAdditive(statement: string, migration: readonly string[] = []): string | undefined {
  const plain = plainOf(statement)
  if (plain === '' || ADDITIVE.some((form) => form.test(plain))) return undefined
  const has = (start: string) => migration.some((other) => plainOf(other).startsWith(start))
  // A rule for a table that the same migration creates is no rule for the older code.
  const table = UNIQUE_INDEX.exec(plain)?.groups?.['table']
  if (table !== undefined && has(`CREATE TABLE ${table} (`)) return undefined
  const index = DROP_INDEX.exec(plain)?.groups?.['index']
  if (index !== undefined)
    return has(`CREATE INDEX ${index} ON `)
      ? undefined
      : `the release before may name this index (INDEXED BY): ${plain}`
  const definition = ADD_COLUMN.exec(plain)?.groups?.['definition']
  if (definition === undefined) return `may break the release before: ${plain}`
  if (/\bNOT NULL\b/i.test(definition) && !/\bDEFAULT\b/i.test(definition))
    return `the release before does not fill this column, so it needs a default: ${plain}`
  if (/\b(?:CHECK|REFERENCES|UNIQUE)\b/i.test(definition))
    return `the release before does not know this rule: ${plain}`
  return undefined
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'))
const statementsOf = (file: string) => splitSqlQuery(readFileSync(join(FOLDER, file), 'utf8'))

test.each(files)('%s only adds, so the release before works with it', (file) => {
  const statements = statementsOf(file)
  expect(statements.length).toBeGreaterThan(1)
  const found = statements.map((statement) => whyNotAdditive(statement, statements))
  expect(found.filter((why) => why !== undefined)).toEqual([])
})

test.each([
  ['DROP TABLE users', 'may break'],
  ['ALTER TABLE users DROP COLUMN name', 'may break'],
  ['ALTER TABLE users RENAME COLUMN name TO title', 'may break'],
  ['ALTER TABLE users RENAME TO people', 'may break'],
  ['ALTER TABLE users ADD COLUMN team TEXT NOT NULL', 'needs a default'],
  ["ALTER TABLE users ADD COLUMN team TEXT CHECK (team <> '')", 'does not know'],
  ['CREATE UNIQUE INDEX users_name ON users (name_hash)', 'may break'],
  ['CREATE TRIGGER more AFTER INSERT ON users BEGIN DELETE FROM events; END', 'may break'],
  ['DROP INDEX users_name', 'may name this index'],
  ['DELETE FROM users', 'may break'],
  ['UPDATE users SET username = 1', 'may break'],
  ['-- a comment\nDROP\n TABLE users;', 'may break'],
])('a migration with %s would be refused', (statement, why) => {
  expect(whyNotAdditive(statement)).toContain(why)
})

test.each([
  "ALTER TABLE users ADD COLUMN team TEXT NOT NULL DEFAULT ''",
  'ALTER TABLE users ADD COLUMN team TEXT;',
  'CREATE INDEX users_team ON users (team) WHERE team IS NOT NULL',
])('a migration with %s would be accepted', (statement) => {
  expect(whyNotAdditive(statement)).toBeUndefined()
})
