import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { Browser } from '../browser.ts'
import { type ClientHome, makeClientHome, runRemote, stdioOf } from '../client-program.ts'
import { reservePorts } from '../free-ports.ts'
import { addressesIn, openPrinted } from '../remote-login.ts'
import { newUser } from '../users.ts'
import { type Cells, mustSee, showsProgress, spoiled, YES } from './features.ts'
import { seeAsking, seeCancellation, seeCompletion, seePrompts, seeResources, seeTools } from './look.ts'
import { speakV1 } from './speaker.ts'

/** mcp-remote with a desktop application that uses SDK v1 and can show forms. */
function startRemote(server: { mcpUrl: string; protocol: string; callbackPort: number }, home: ClientHome) {
  const program = runRemote(server, home)
  const client = new Client(
    { name: 'desktop-story', version: '1.0.0' },
    { capabilities: { elicitation: {} } },
  )
  // Read at the pipe: SDK v1 drops progress that arrives together with the answer.
  const steps: number[] = []
  const transport = stdioOf(program, (message) => {
    const told = ProgressNotificationSchema.safeParse(message)
    if (told.success) steps.push(told.data.params.progress)
  })
  return {
    speaker: speakV1(client),
    steps,
    program,
    ready: client.connect(transport),
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await program[Symbol.asyncDispose]()
    },
  }
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
    const { speaker } = first
    const tools = await seeTools(speaker)
    const added = speaker.call('addTodo', { text: 'from a step-up' })
    await openPrinted(first.program, 2, user, browser)
    mustSee('the todo', !(await added).isError)
    const { asked } = await seeAsking(speaker)
    mustSee('the user is asked once', asked === 1)
    mustSee(`progress of each deletion: ${first.steps.join()}`, showsProgress(first.steps))
    const { isLateAnswerHeeded } = await seeCancellation(speaker)
    cells = {
      tools,
      resources: await seeResources(speaker),
      prompts: await seePrompts(speaker),
      completion: await seeCompletion(speaker),
      elicitation: YES,
      progress: YES,
      cancellation: isLateAnswerHeeded
        ? 'yes, but what the user answers after the cancellation is still sent on'
        : YES,
      'step-up': YES,
    }
  }
  spoilStored(home)
  await using second = start()
  await second.ready
  await seeTools(second.speaker)
  mustSee('no second login', addressesIn(second.program).length === 0)
  return { ...cells, refresh: YES }
}

const Stored = z.looseObject({ access_token: z.string() })

/** Invalidates its access token; the refresh token stays valid. */
function spoilStored(home: ClientHome): void {
  const files = globSync('mcp-auth/**/*tokens*.json', { cwd: home.path })
  mustSee('stored tokens', files.length > 0)
  for (const file of files) {
    const path = `${home.path}/${file}`
    const stored = Stored.parse(JSON.parse(readFileSync(path, 'utf8')))
    writeFileSync(path, JSON.stringify({ ...stored, access_token: spoiled(stored.access_token) }))
  }
}
