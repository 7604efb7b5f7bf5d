/** `npm run journey`: one login and three tool calls, one line per request. Uses a running `npm start` or starts its own system. */
import { z } from 'zod'
import type { Product } from '#catalog/define-product.ts'
import { Browser } from '#harness/browser.ts'
import { describeReply, OAuthClient, type Reply, tokensIn } from '#harness/oauth-client.ts'
import { signIn } from '#harness/sign-in.ts'
import { Emulator } from '#harness/emulator.ts'
import { callToolStateless } from '#harness/transport.ts'
import type { Step } from '#harness/steps.ts'
import { startWorld } from '#harness/world.ts'
import { formatLine, linesOfEmulator, linesOfSteps } from './journey/journey-lines.ts'
import { DEFAULT_STATE, product } from '#harness/local/chosen-product.ts'
import { findLiveRun } from '#harness/local/run-record.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'

interface JourneySystem extends AsyncDisposable {
  readonly origin: string
  readonly emulatorOrigin: string
}

async function findSystem(): Promise<JourneySystem> {
  const run = await findLiveRun(describeStateFolder(DEFAULT_STATE))
  if (run !== undefined && run.emulatorOrigin !== null) {
    console.log(`With what npm start runs at ${run.origin}\n`)
    return { origin: run.origin, emulatorOrigin: run.emulatorOrigin, [Symbol.asyncDispose]: async () => {} }
  }
  console.log('Nothing runs here with the emulator, so everything is started for this journey …\n')
  const world = await startWorld()
  return { ...world.addresses, [Symbol.asyncDispose]: () => world.stop() }
}

async function runJourney({ origin, emulatorOrigin }: JourneySystem): Promise<void> {
  const emulator = new Emulator(emulatorOrigin)
  const onStep = (step: Step) => steps.push(step)
  const steps: Step[] = []
  let printedUntilMs = Date.now()

  /** Prints the events since the last chapter, in order. */
  const printChapter = async (chapter: string): Promise<void> => {
    const { timeline } = await emulator.state()
    const entries = timeline.filter(({ at }) => Date.parse(at) >= printedUntilMs).toReversed()
    const lines = [...linesOfSteps(steps, origin), ...linesOfEmulator(entries, steps)]
    console.log(`${chapter}\n`)
    for (const line of lines.toSorted((a, b) => a.atMs - b.atMs)) console.log(`  ${formatLine(line)}`)
    console.log('')
    steps.length = 0
    printedUntilMs = Date.now()
  }

  const client = new OAuthClient(`${origin}/mcp`, { onStep })
  await client.discover()
  await client.register({ client_name: 'Journey' })
  await printChapter('The client finds out where to sign in, and registers')

  const authorization = client.authorize({ scope: product.scopes.map(({ name }) => name).join(' ') })
  const { answer, page } = await signIn(new Browser({ onStep }), authorization.url)
  const code = answer?.get('code')
  if (code == null) throw new Error(`The login gave no code: ${answer?.toString() ?? page.text}`)
  await printChapter('ada says yes to the client, signs in at PingOne, and says yes to the API')

  const { access_token: accessToken } = tokensIn(await client.redeem(code, authorization.verifier))
  await printChapter('The client redeems its code')

  for (const { name, input } of callsOf(product)) {
    const reply = await callToolStateless(client, accessToken, name, input)
    await printChapter(`The client calls ${name} ${JSON.stringify(input)}`)
    console.log(`${formatReply(reply)}\n`)
  }
}

/** What shows the current state, one that adds a text, and whoAmI: as far as the product has them. */
function callsOf(served: Product): readonly { name: string; input: Record<string, unknown> }[] {
  const { words } = served
  const { tools } = served.open(NO_API, {})
  const accepted = tools.flatMap(({ name, effect, input: schema }) => {
    const text = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, 'Follow the journey']))
    const input = name === words.lookAgain || name === 'whoAmI' ? {} : text
    const isChosen = input !== text || effect === 'add'
    return isChosen && schema.safeParse(input).success ? [{ name, input }] : []
  })
  return accepted.toSorted((one, other) => placeOf(one.name, words) - placeOf(other.name, words))
}

const placeOf = (name: string, { lookAgain }: Product['words']): number =>
  name === lookAgain ? 0 : name === 'whoAmI' ? 2 : 1

/** For the list of tools alone. */
const NO_API = {
  fetch: () => Promise.reject(new Error('no API here')),
  baseUrl: new URL('https://api.example'),
  deadlineMs: 1000,
  now: () => 0,
}

const ToolReply = z.object({
  result: z.object({ content: z.array(z.object({ type: z.literal('text'), text: z.string() })) }),
})

/** The text that a model would read. */
function formatReply(reply: Reply): string {
  const read = ToolReply.safeParse(reply.body)
  const text = read.success
    ? read.data.result.content.map((part) => part.text).join('\n')
    : describeReply(reply)
  return text.replaceAll(/^/gm, '  | ')
}

await using system = await findSystem()
await runJourney(system)
