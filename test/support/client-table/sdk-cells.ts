import { connectV1, connectV2, type McpClientKind, withSignIn } from '../mcp-clients.ts'
import { newUser } from '../users.ts'
import { answerStepUp, linkIn } from '../step-up.ts'
import { BY_LINK, type Cells, mustSee, showsProgress, spoiled, YES } from './features.ts'
import { seeAsking, seeCancellation, seeCompletion, seePrompts, seeResources, seeTools } from './look.ts'
import { type Speaker, speakV1, speakV2 } from './speaker.ts'

const connect = async (kind: McpClientKind, mcpUrl: string, options: Parameters<typeof connectV1>[1]) => {
  if (kind === 'sdk-v1') {
    const connection = await connectV1(mcpUrl, options)
    return { connection, speaker: speakV1(connection.client) }
  }
  const connection = await connectV2(mcpUrl, kind === 'sdk-v2-2025' ? '2025' : '2026', options)
  return { connection, speaker: speakV2(connection.client) }
}
type Connection = Awaited<ReturnType<typeof connect>>['connection']

/** All features in one connection, as an application on the SDK sees them. */
export async function sdkCells(kind: McpClientKind, mcpUrl: string): Promise<Cells> {
  const user = newUser()
  const { connection, speaker } = await connect(kind, mcpUrl, { signIn: { user }, showsForms: true })
  await using _closing = connection
  const tools = await seeTools(speaker)
  const stepUp = await seeStepUp(kind, connection, speaker, user)
  const { asked, steps } = await seeAsking(speaker)
  mustSee('the user is asked once', asked === 1)
  mustSee(`progress of each deletion: ${steps.join()}`, showsProgress(steps))
  const { isLateAnswerHeeded } = await seeCancellation(speaker)
  mustSee('whoever agrees after the cancellation agrees to nothing', !isLateAnswerHeeded)
  return {
    tools,
    resources: await seeResources(speaker),
    prompts: await seePrompts(speaker),
    completion: await seeCompletion(speaker),
    elicitation: YES,
    progress: YES,
    cancellation: YES,
    'step-up': stepUp,
    refresh: await seeRefresh(connection, speaker),
  }
}

/** SDK v1 answers the challenge with a refresh; its user gets the link from the tool error instead. */
async function seeStepUp(
  kind: McpClientKind,
  connection: Connection,
  speaker: Speaker,
  user: ReturnType<typeof newUser>,
): Promise<string> {
  const add = () => speaker.call('addTodo', { text: 'from a step-up' })
  if (kind !== 'sdk-v1') {
    mustSee('a login, and the todo', !(await withSignIn(connection, add)).isError)
    return YES
  }
  const link = linkIn((await add()).content)
  mustSee('a link in the answer', link !== undefined)
  await answerStepUp(link ?? '', user)
  mustSee('the todo', !(await add()).isError)
  return BY_LINK
}

/** Invalidates the access token: the next call must succeed without a login. */
async function seeRefresh({ provider }: Connection, speaker: Speaker): Promise<string> {
  const tokens = provider.tokens()
  if (tokens === undefined) throw new Error('no tokens')
  const broken = spoiled(tokens.access_token)
  provider.saveTokens({ ...tokens, access_token: broken })
  await seeTools(speaker)
  mustSee('another access token', provider.tokens()?.access_token !== broken)
  return YES
}
