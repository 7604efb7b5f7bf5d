import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { chooseRecipes, RECIPES } from '../../../scripts/clients/choose-recipes.ts'
import { programsIn } from '../../../scripts/clients/recipes/library-clients.ts'
import { mergeIntoPage, readRows, resultsOf, type Row } from '../../../scripts/clients/results-table.ts'
import { readChat, readGemini, replyTo } from '../../../scripts/clients/scripted-model.ts'
import { reasonIn } from '../../../scripts/clients/steps.ts'

test('all clients are chosen without a name, and named ones in the order of the list', () => {
  expect(chooseRecipes([])).toEqual({ recipes: RECIPES })
  const chosen = chooseRecipes(['opencode', 'mcporter', 'opencode'])
  expect('recipes' in chosen && chosen.recipes.map(({ name }) => name)).toEqual(['mcporter', 'opencode'])
})

test('names that are not known are reported, and nothing is chosen', () => {
  expect(chooseRecipes(['codex', 'emacs', 'vim'])).toEqual({ unknown: ['emacs', 'vim'] })
})

const row = (client: string, version: string, login = 'yes'): Row => ({
  client,
  version,
  drivenBy: 'its commands',
  results: resultsOf({ login }),
  date: '2026-11-29',
})
const EMPTY = 'Before\n\n<!-- `npm run clients` writes from here -->\n<!-- to here -->\n\nAfter\n'

test('a run replaces the rows of its clients, keeps all others, and sorts by name', () => {
  const first = mergeIntoPage(EMPTY, [
    row('[opencode](opencode.md)', '1.0.0'),
    row('Codex', '2.0.0', 'no: x'),
  ])
  const second = mergeIntoPage(first, [row('[Codex](codex.md)', '2.1.0'), row('mcpc', '3.0.0')])
  expect(readRows(second)).toEqual([
    row('[Codex](codex.md)', '2.1.0'),
    row('mcpc', '3.0.0'),
    row('[opencode](opencode.md)', '1.0.0'),
  ])
  expect(second.startsWith('Before\n\n')).toBe(true)
  expect(second.endsWith('-->\n\nAfter\n')).toBe(true)
})

test('a step that was not reached is not tried', () => {
  const [only] = readRows(mergeIntoPage(EMPTY, [row('Codex', '1.0.0', 'no: error')]))
  expect(only?.results).toMatchObject({ login: 'no: error', list: 'not tried', reconnect: 'not tried' })
})

test('a page without a place for the table, or with a broken row, is an error', () => {
  expect(() => mergeIntoPage('# Clients\n', [])).toThrow('no place')
  const broken = mergeIntoPage(EMPTY, [row('Codex', '1.0.0')]).replace('| Codex', '| Codex | more')
  expect(() => readRows(broken)).toThrow('not a row')
})

test('a failure is its most telling line, without addresses and short enough for a cell', () => {
  const text = 'Connecting to http://localhost:1/mcp\n Error: http://localhost:1/mcp said a|b\nbye'
  expect(reasonIn({ text, code: 1, logins: 0 })).toBe('Error: (address) said a/b')
  expect(reasonIn({ text: '', code: 3, logins: 0 })).toBe('exit code 3')
  expect(reasonIn({ text: `failed ${'x'.repeat(200)}`, code: 1, logins: 0 })).toHaveLength(100)
})

const CALL = 'CALL addTodo {"text":"bread"}'
const offered = [{ function: { name: 'todos_listTodos' } }, { function: { name: 'todos_addTodo' } }]

test('the scripted model calls the tool of the latest prompt, and then repeats its answer', () => {
  const asked = { stream: false, tools: offered, messages: [{ role: 'user', content: `hello\n${CALL}` }] }
  expect(replyTo(readChat(asked))).toEqual({ tool: 'todos_addTodo', input: { text: 'bread' } })
  const quoted = { ...asked, messages: [{ role: 'user', content: JSON.stringify(CALL) }] }
  expect(replyTo(readChat(quoted))).toEqual({ tool: 'todos_addTodo', input: { text: 'bread' } })
  const answered = { ...asked, messages: [...asked.messages, { role: 'tool', content: 'added' }] }
  expect(replyTo(readChat(answered))).toEqual({ text: 'ANSWER added' })
  const again = { ...asked, messages: [...answered.messages, { role: 'user', content: 'CALL listTodos {}' }] }
  expect(replyTo(readChat(again))).toEqual({ tool: 'todos_listTodos', input: {} })
})

test('the scripted model reads the form of Gemini too', () => {
  const tools = [{ functionDeclarations: [{ name: 'mcp_todos_addTodo' }] }]
  const contents = [{ parts: [{ text: CALL, functionResponse: undefined }] }]
  expect(replyTo(readGemini({ contents, tools }))).toEqual({
    tool: 'mcp_todos_addTodo',
    input: { text: 'bread' },
  })
  const answer = { parts: [{ functionResponse: { name: 'addTodo', response: { output: 'added' } } }] }
  expect(replyTo(readGemini({ contents: [...contents, answer], tools }))).toMatchObject({
    text: expect.stringContaining('added'),
  })
})

test('the scripted model says which tools it has when the asked one is missing', () => {
  const request = { stream: false, tools: offered, messages: [{ role: 'user', content: 'CALL clock {}' }] }
  expect(replyTo(readChat(request))).toEqual({ text: 'NO TOOL clock among todos_listTodos todos_addTodo' })
  expect(replyTo(readChat({ ...request, messages: [] }))).toEqual({ text: 'ready' })
})

test('the page for libraries has a program for each of them, and the login that they share', () => {
  const names = RECIPES.filter(({ page }) => page === 'libraries.md').map(({ name }) => `${name}.mjs`)
  const programs = programsIn(readFileSync('docs/clients/libraries.md', 'utf8'))
  expect([...programs.keys()]).toEqual(['sign-in.mjs', ...names])
})
