/** Clients that call tools only through a model: a scripted one on loopback calls what the prompt names. */
import { type Bench, type ClientRecipe, type DrivenClient, SERVER } from '../client.ts'
import type { ClientRun, Output } from '../run-client.ts'
import { promptFor } from '../scripted-model.ts'

const MODEL = 'scripted'

/** Calls by a prompt; the text is what the tool answered to the model, then what the client printed. */
const byPrompt = (
  { model, run }: Bench,
  bin: string,
  parametersFor: (prompt: string) => readonly string[],
  options: ClientRun,
): Pick<DrivenClient, 'call' | 'list'> => {
  const ask = async (prompt: string): Promise<Output> => {
    const before = model.answers.length
    const output = await run(bin, parametersFor(prompt), options)
    return { ...output, text: [...model.answers.slice(before), output.text].join('\n') }
  }
  return {
    call: (tool, input) => ask(promptFor(tool, input)),
    list: async () => {
      const output = await ask('hello')
      return { ...output, text: `${model.offered.join(' ')}\n${output.text}` }
    },
  }
}

export const opencode: ClientRecipe = {
  name: 'opencode',
  title: 'opencode',
  packages: ['opencode-ai'],
  drivenBy: 'a scripted model',
  page: 'opencode.md',
  open: async (bench) => {
    const { scratch, run, mcpUrl, model } = bench
    const writeSettings = (oauth: { scope?: string }) =>
      scratch.writeSettings('.config/opencode/opencode.json', {
        autoupdate: false,
        share: 'disabled',
        mcp: { [SERVER]: { type: 'remote', url: mcpUrl, enabled: true, oauth } },
        model: `local/${MODEL}`,
        provider: {
          local: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${model.origin}/v1`, apiKey: 'none' },
            models: { [MODEL]: { name: MODEL, tool_call: true } },
          },
        },
      })
    writeSettings({})
    const options: ClientRun = {
      environment: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' },
    }
    // Puts the binary of this platform in place; npm ran no script.
    await run('../node_modules/opencode-ai/postinstall.mjs', [], { isOfNode: true })
    const login = () => run('opencode', ['mcp', 'auth', SERVER], options)
    return {
      ...byPrompt(bench, 'opencode', (prompt) => ['run', '--auto', prompt], options),
      login,
      loginForMore: async () => {
        writeSettings({ scope: 'todo:read todo:write' })
        await run('opencode', ['mcp', 'logout', SERVER], options)
        return login()
      },
    }
  },
}

export const gemini: ClientRecipe = {
  name: 'gemini',
  title: 'Gemini CLI',
  packages: ['@google/gemini-cli'],
  drivenBy: 'a scripted model',
  page: 'gemini-cli.md',
  open: async (bench) => {
    const { scratch, run, mcpUrl, model } = bench
    scratch.writeSettings('.gemini/settings.json', {
      mcpServers: { [SERVER]: { httpUrl: mcpUrl, trust: true } },
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      ide: { hasSeenNudge: true },
    })
    const environment = {
      GEMINI_API_KEY: 'none',
      GOOGLE_GEMINI_BASE_URL: model.origin,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }
    const login = () =>
      run('gemini', ['-i', `/mcp auth ${SERVER}`], {
        environment,
        terminal: {
          typed: [{ after: /Do you want to continue\?/, keys: '\r' }],
          until: /[Ss]uccessfully authenticated and/,
        },
      })
    return {
      ...byPrompt(bench, 'gemini', (prompt) => ['--yolo', '-m', 'gemini-2.5-flash', '-p', prompt], {
        environment,
      }),
      login,
      loginForMore: login,
    }
  },
}
