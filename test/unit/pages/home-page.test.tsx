import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { connectSteps } from '#pages/connect-steps.ts'
import { HomePage, type HomePageProps } from '#pages/home-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { copyScript, localTimeScript } from '#pages/page-scripts.ts'
import { tagsOf, textOf } from './read-html.ts'
import { deployedProps, homeProps } from './samples.tsx'

const render = (props: HomePageProps) => renderPage(<HomePage {...props} />)

test('the MCP URL is in a field that can be read and not changed', () => {
  const [field] = tagsOf(render(homeProps), 'input')
  expect(field?.attributes).toMatchObject({ value: 'http://localhost:8787/mcp', readonly: '', id: 'mcp-url' })
})

test('what to type has this URL for every client, and JSON is JSON', () => {
  const steps = connectSteps('https://mcp.example.com/mcp', 'todos')
  const snippets = steps.flatMap((step) => step.snippets.map(({ code }) => code))
  for (const code of snippets) expect(code).toContain('https://mcp.example.com/mcp')
  expect(snippets).toContain('claude mcp add --transport http todos https://mcp.example.com/mcp')
  const [vsCode, cursor] = snippets
    .filter((code) => code.startsWith('{'))
    .map((code): unknown => JSON.parse(code))
  expect(vsCode).toEqual({ servers: { todos: { type: 'http', url: 'https://mcp.example.com/mcp' } } })
  expect(cursor).toEqual({ mcpServers: { todos: { url: 'https://mcp.example.com/mcp' } } })
})

test('each snippet on the page is exactly what to type', () => {
  const html = render(homeProps)
  for (const { id, snippets } of connectSteps(homeProps.mcpUrl, homeProps.serverName)) {
    for (const [index, { code }] of snippets.entries()) {
      expect(textOf(html, `<code id="${id}-${index + 1}">`)).toBe(code.replaceAll(/\s+/g, ' '))
    }
  }
})

test('locally the users, their password and the emulator are there, and Claude is said to be out of reach', () => {
  const html = render(homeProps)
  expect(html).toContain('<code>ada</code>')
  expect(html).toContain('<code>grace</code>')
  expect(html).toContain('<code>demo</code>')
  expect(tagsOf(html, 'a').map(({ attributes }) => attributes['href'])).toEqual([
    expect.stringMatching(/^vscode:mcp\/install\?/),
    expect.stringMatching(/^cursor:\/\//),
    'http://localhost:8789/',
    '/me',
  ])
  expect(html).toContain('servers cannot reach localhost')
})

test('a deployment names no users, whatever it is given, and explains the connector', () => {
  const html = render({ ...homeProps, ...deployedProps, users: homeProps.users, password: 'demo' })
  expect(html).not.toContain('ada')
  expect(html).not.toContain('demo')
  expect(html).toContain('Add custom connector')
  expect(html).not.toContain('cannot reach localhost')
})

test('without JavaScript there is no button that does nothing', () => {
  const buttons = tagsOf(render(homeProps), 'button')
  expect(buttons.length).toBeGreaterThan(4)
  for (const { attributes } of buttons) expect(attributes).toMatchObject({ type: 'button', hidden: '' })
})

test('every Copy button says what it copies', () => {
  const html = render(homeProps)
  const names = [...html.matchAll(/<span class="unseen"> ([^<]+)<\/span>/g)].map((match) => match[1])
  expect(names).toHaveLength(tagsOf(html, 'button').length)
  expect(new Set(names).size).toBe(names.length)
})

test('Claude comes first and is open, and opening another client closes it', () => {
  const ways = tagsOf(render(homeProps), 'details').map(({ attributes }) => attributes)
  expect(ways.map(({ name, open }) => [name, open])).toEqual([
    ['client', ''],
    ...Array.from({ length: 4 }, () => ['client', undefined]),
  ])
  const html = render(homeProps)
  const names = [...html.matchAll(/<summary><h2>([^<]+)<\/h2>/g)].map(([, name]) => name)
  expect(names).toEqual(['Claude Code', 'Claude and ChatGPT', 'VS Code', 'Cursor', 'MCP Inspector'])
})

test('the links that open a client carry this server, and nothing that a user would have to fill in', () => {
  const [, vsCode, cursor] = connectSteps('https://mcp.example.com/mcp', 'todos').map(
    ({ install }) => install,
  )
  const [, given = ''] = vsCode?.href.split('?') ?? []
  expect(JSON.parse(decodeURIComponent(given))).toEqual({
    name: 'todos',
    type: 'http',
    url: 'https://mcp.example.com/mcp',
  })
  const { searchParams } = new URL(cursor?.href ?? '')
  expect(searchParams.get('name')).toBe('todos')
  expect(JSON.parse(atob(searchParams.get('config') ?? ''))).toEqual({ url: 'https://mcp.example.com/mcp' })
})

test('the script parses, and writes text only', () => {
  for (const script of [copyScript, localTimeScript]) {
    expect(() => new Script(script)).not.toThrow()
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function|fetch|import/,
    )
  }
})
