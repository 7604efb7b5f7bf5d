import { expect, test } from 'vitest'
import { blockProblems, pageProblems } from '../../../scripts/docs/check-pages.ts'
import { anchorsOf, linkProblems } from '../../../scripts/docs/links.ts'
import { codeBlocks } from '../../../scripts/docs/pages.ts'

const problemsOf = (text: string, page = 'docs/run.md') =>
  blockProblems(codeBlocks(page, text)).map(({ line, text: problem }) => `${line}: ${problem}`)
const fenced = (info: string, ...lines: string[]) => ['', `\`\`\`${info}`, ...lines, '```'].join('\n')
const faultsOfLinks = (text: string) => linkProblems('docs/run.md', text).map(({ text: problem }) => problem)

test('every code block runs, compiles or parses, and every link leads somewhere (npm run docs -- --check)', () => {
  expect(pageProblems()).toEqual([])
})

test.each([
  ['bash', 'ls', '2: "bash" is no language'],
  ['', 'ls', '2: "" is no language'],
  ['sh', 'npm run nothing', '2: package.json has no script nothing'],
  ['sh', 'npm start -- --fast', '2: npm run start has no option --fast'],
  ['sh', 'npm start --fresh', '2: --fresh goes to npm'],
  ['sh', 'npm run bench -- --quick --slow', '2: npm run bench has no option --slow'],
  ['sh', 'NO_SUCH_SETTING=1 npm start', '2: NO_SUCH_SETTING is no setting'],
  ['sh', 'npx vitest run --project nobody', '2: there is no test project nobody'],
  ['sh', 'npx vitest run test/unit/gone.test.ts', '2: test/unit/gone.test.ts is not there'],
  ['sh', 'npx wrangler tail --env moon', '2: wrangler.jsonc has no environment moon'],
  ['sh', 'curl http://localhost:8787/health', '2: curl is no command of this repository'],
  ['sh not-run', 'curl http://localhost:8787/health', '2: not-run needs a reason'],
  ['sh', 'codex mcp add todos --url http://localhost:9999/mcp', '2: http://localhost:9999/mcp is no address'],
  ['sh', 'node sign-in.mjs', '2: node is no command of this repository'],
  ['sh', 'npx -y mcporter list http://localhost:1/mcp', '2: http://localhost:1/mcp is no address'],
  ['js', 'const = 1', '2: it does not parse: SyntaxError'],
  ['sh run', 'exit 3', '2: it ends with 3'],
  ['json', '{ "mcpServers": ', '2: it does not parse'],
  ['json', '{ "mcpServers": { "todos": { "address": "http://localhost:8787/mcp" } } }', '2: ✖ Invalid input'],
  ['json', '{ "PUBLIC_ORIGINS": "https://mcp.example.com" }', '2: ✖ PUBLIC_ORIGINS is no setting'],
  ['json', '{ "color": "red" }', '2: nothing here knows what this JSON is'],
  ['jsonc', '"routes": [{ "patern": "mcp.example.com" }],', '2: ✖ '],
  ['mermaid', 'pie', '2: it is no known kind of diagram'],
])('a block of %s with %s is reported', (info, line, problem) => {
  const [first = '', ...others] = problemsOf(fenced(info, line))
  expect(first.slice(0, problem.length)).toBe(problem)
  expect(others).toEqual([])
})

test('a block of TypeScript that the compiler refuses is reported at its line', () => {
  const wrong = fenced('ts', `import { ok } from '#lib/result.ts'`, 'export const size: string = ok(1)')
  const lost = fenced('ts context="nowhere"', 'export {}')
  expect(problemsOf(`${wrong}${lost}`)).toEqual([
    '6: there is no context nowhere in scripts/docs/typescript.ts',
    expect.stringMatching(/^4: TS2322: /),
  ])
})

test('blocks of each kind that are right are taken', () => {
  const blocks = [
    fenced(
      'sh',
      'npm ci && npm start',
      'PUBLIC_ORIGIN=https://mcp.example.com',
      'npx vitest run --project unit # quick',
    ),
    fenced('sh not-run="needs an account"', 'curl https://example.com'),
    fenced('js', '// sign-in.mjs', 'await import("node:fs")'),
    fenced('sh', 'npm install openai', 'node sign-in.mjs', 'npx mcporter list http://localhost:8787/mcp'),
    fenced('sh run', 'node --version'),
    fenced('json example="an answer of the API"', '{ "todos": [] }'),
    fenced('text', 'anything'),
  ]
  expect(problemsOf(blocks.join('\n'))).toEqual([])
})

test('links that lead nowhere are reported, and those in code are not', () => {
  const text =
    '# Here\n[a](gone.md) [b](#there) [c](operate.md#nowhere) [d](http://example.com) ![e](gone.png)'
  expect(faultsOfLinks(text)).toEqual([
    'gone.md is not there',
    '#there is no heading of that page',
    'operate.md#nowhere is no heading of that page',
    'http://example.com is no https address',
    'gone.png is not there',
  ])
  const good = '# Here\n[a](#here) [b](http://localhost:8787/me) [c](https://example.com) `[d](gone.md)`'
  expect(faultsOfLinks(`${good}\n\`\`\`text\n[e](gone.md)\n\`\`\``)).toEqual([])
})

test('headings that repeat get numbers, as GitHub gives them', () => {
  expect([...anchorsOf('# Run it\n## `npm start`, twice\n## Run it')]).toEqual([
    'run-it',
    'npm-start-twice',
    'run-it-1',
  ])
})

test('a block that does not end is an error', () => {
  expect(() => codeBlocks('docs/run.md', '```sh\nnpm ci')).toThrow(
    'docs/run.md:1: this code block has no end',
  )
})
