import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import {
  addressesIn,
  type ClientHome,
  makeClientHome,
  openPrinted,
  startDesktop,
} from '#harness/client-program.ts'
import { reservePorts } from '#harness/free-ports.ts'
import { newUser } from '#harness/users.ts'
import {
  type Cells,
  verify,
  checkElicitation,
  checkCancellation,
  checkCompletion,
  checkPrompts,
  checkResources,
  checkTools,
  showsProgress,
  wrapV1,
  corrupted,
  YES,
} from './features.ts'

/** mcp-remote with a desktop application that can show forms. */
function startRemote(server: { mcpUrl: string; protocol: string; callbackPort: number }, home: ClientHome) {
  // Read at the pipe: SDK v1 drops progress that arrives together with the answer.
  const steps: number[] = []
  const desktop = startDesktop(server, home, { elicitation: {} }, (message) => {
    const progress = ProgressNotificationSchema.safeParse(message)
    if (progress.success) steps.push(progress.data.params.progress)
  })
  return { ...desktop, client: wrapV1(desktop.client), steps }
}

export async function remoteCells(protocol: 'legacy' | 'auto', mcpUrl: string): Promise<Cells> {
  using home = makeClientHome()
  await using reserved = await reservePorts()
  const start = () => startRemote({ mcpUrl, protocol, callbackPort: reserved.ports.mcp }, home)
  const [user, browser] = [newUser(), new Browser()]
  let cells: Omit<Cells, 'refresh'>
  {
    await using first = start()
    await openPrinted(first.program, 1, user, browser)
    await first.ready
    const { client } = first
    const tools = await checkTools(client)
    const added = client.call('addTodo', { text: 'from a step-up' })
    await openPrinted(first.program, 2, user, browser)
    verify('the todo', !(await added).isError)
    const { asked } = await checkElicitation(client)
    verify('the user is asked once', asked === 1)
    verify(`progress of each deletion: ${first.steps.join()}`, showsProgress(first.steps))
    const { isLateAnswerUsed } = await checkCancellation(client)
    cells = {
      tools,
      resources: await checkResources(client),
      prompts: await checkPrompts(client),
      completion: await checkCompletion(client),
      elicitation: YES,
      progress: YES,
      cancellation: isLateAnswerUsed
        ? 'yes, but what the user answers after the cancellation is still sent on'
        : YES,
      'step-up': YES,
    }
  }
  corruptStoredToken(home)
  await using second = start()
  await second.ready
  await checkTools(second.client)
  verify('no second login', addressesIn(second.program).length === 0)
  return { ...cells, refresh: YES }
}

const Stored = z.looseObject({ access_token: z.string() })

/** Invalidates its access token; the refresh token stays valid. */
function corruptStoredToken(home: ClientHome): void {
  const files = globSync('mcp-auth/**/*tokens*.json', { cwd: home.path })
  verify('stored tokens', files.length > 0)
  for (const file of files) {
    const path = `${home.path}/${file}`
    const stored = Stored.parse(JSON.parse(readFileSync(path, 'utf8')))
    writeFileSync(path, JSON.stringify({ ...stored, access_token: corrupted(stored.access_token) }))
  }
}
