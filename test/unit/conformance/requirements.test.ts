import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { requirements } from './requirements.ts'

const splitAt = (text: string, mark: string) => {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)] as const
}

test('each requirement is there once, and has tests or a reason', () => {
  expect(requirements.map(({ id }) => id)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1))
  const silent = requirements.filter(
    ({ testedBy = [], reason = '' }) => testedBy.length === 0 && reason === '',
  )
  expect(silent).toEqual([])
})

test('every test that is named exists', () => {
  const named = requirements.flatMap(({ id, testedBy = [] }) => testedBy.map((test) => ({ id, test })))
  const gone = named.filter(({ test }) => {
    const [file, title] = splitAt(test, '#')
    return !existsSync(file) || !readFileSync(file, 'utf8').includes(`'${title}'`)
  })
  expect(gone).toEqual([])
})
