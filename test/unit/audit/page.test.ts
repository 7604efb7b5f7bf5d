import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AuditEvent } from '#events/event.ts'

const page = readFileSync('docs/audit.md', 'utf8')

test('docs/audit.md names every kind of event, and no other', () => {
  const types = AuditEvent.options.map(({ shape }) => shape.type.value)
  const [, table = ''] = /^## What is in it$([\s\S]*?)^An event has/m.exec(page) ?? []
  const inTable = [...table.matchAll(/`([a-z-]+(?:\.[a-z-]+)?)`/g)].map(([, name = '']) => name)
  expect(inTable.filter((name) => name !== 'events').toSorted()).toEqual(types.toSorted())
})

test('docs/audit.md names every kind of finding, and no other', () => {
  const source = readFileSync('src/audit/findings.ts', 'utf8')
  const [, sentences = ''] = /^export function sentenceOf([\s\S]*?)^}/m.exec(source) ?? []
  const kinds = [...sentences.matchAll(/case '([a-z-]+)':/g)].map(([, kind = '']) => kind)
  expect(kinds.length).toBeGreaterThan(15)
  const [, table = ''] = /^\| finding \| means \|$([\s\S]*?)\n\n/m.exec(page) ?? []
  const inTable = table.split('\n').flatMap((row) => {
    const [, cell = ''] = row.split('|')
    return [...cell.matchAll(/`([a-z-]+)`/g)].map(([, kind = '']) => kind)
  })
  expect(inTable.toSorted()).toEqual(kinds.toSorted())
})
