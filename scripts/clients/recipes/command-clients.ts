/** Clients whose command line logs in, lists and calls tools by itself. */
import { type ClientRecipe, SERVER } from '../client.ts'

const assignments = (input: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(input).map(([name, value]) => `${name}=${value}`)

export const mcporter: ClientRecipe = {
  name: 'mcporter',
  title: 'mcporter',
  packages: ['mcporter'],
  drivenBy: 'its commands',
  page: 'mcporter.md',
  open: async ({ run, mcpUrl }) => ({
    login: async () => {
      await run('mcporter', ['config', 'add', SERVER, mcpUrl, '--auth', 'oauth', '--scope', 'home'])
      return run('mcporter', ['auth', SERVER])
    },
    loginForMore: () => run('mcporter', ['auth', SERVER, '--reset']),
    list: () => run('mcporter', ['list', SERVER]),
    call: (tool, input) => run('mcporter', ['call', `${SERVER}.${tool}`, ...assignments(input)]),
  }),
}

export const mcpc: ClientRecipe = {
  name: 'mcpc',
  title: 'mcpc',
  packages: ['@apify/mcpc'],
  drivenBy: 'its commands',
  page: 'mcpc.md',
  open: async ({ run, mcpUrl }) => ({
    login: async () => {
      const login = await run('mcpc', ['login', mcpUrl])
      await run('mcpc', ['connect', mcpUrl, `@${SERVER}`])
      return login
    },
    loginForMore: async () => {
      const login = await run('mcpc', ['login', mcpUrl, '--scope', 'todo:read todo:write'])
      await run('mcpc', [`@${SERVER}`, 'restart'])
      return login
    },
    list: () => run('mcpc', [`@${SERVER}`, 'tools-list']),
    call: (tool, input) =>
      run('mcpc', [
        `@${SERVER}`,
        'tools-call',
        tool,
        ...Object.entries(input).map(([name, value]) => `${name}:=${value}`),
      ]),
    restart: async () => void (await run('mcpc', [`@${SERVER}`, 'restart'])),
    close: async () => void (await run('mcpc', ['close', `@${SERVER}`])),
  }),
}
