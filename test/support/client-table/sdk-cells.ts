import { connectV1, connectV2, type McpClientKind, withSignIn } from '#harness/mcp-clients.ts'
import { newUser } from '#harness/users.ts'
import { answerStepUp, linkIn } from '#harness/step-up.ts'
import {
  BY_LINK,
  type Cells,
  verify,
  checkElicitation,
  checkCancellation,
  checkCompletion,
  checkPrompts,
  checkResources,
  checkTools,
  showsProgress,
  type SdkClient,
  wrapV1,
  wrapV2,
  corrupted,
  YES,
} from './features.ts'

const connect = async (kind: McpClientKind, mcpUrl: string, options: Parameters<typeof connectV1>[1]) => {
  if (kind === 'sdk-v1') {
    const connection = await connectV1(mcpUrl, options)
    return { connection, client: wrapV1(connection.client) }
  }
  const connection = await connectV2(mcpUrl, kind === 'sdk-v2-2025' ? '2025' : '2026', options)
  return { connection, client: wrapV2(connection.client) }
}
type Connection = Awaited<ReturnType<typeof connect>>['connection']

/** All features in one connection, as an application on the SDK sees them. */
export async function sdkCells(kind: McpClientKind, mcpUrl: string): Promise<Cells> {
  const user = newUser()
  const { connection, client } = await connect(kind, mcpUrl, { signIn: { user }, showsForms: true })
  await using _closing = connection
  const tools = await checkTools(client)
  const stepUp = await checkStepUp(kind, connection, client, user)
  const { asked, steps } = await checkElicitation(client)
  verify('the user is asked once', asked === 1)
  verify(`progress of each deletion: ${steps.join()}`, showsProgress(steps))
  const { isLateAnswerUsed } = await checkCancellation(client)
  verify('whoever agrees after the cancellation agrees to nothing', !isLateAnswerUsed)
  return {
    tools,
    resources: await checkResources(client),
    prompts: await checkPrompts(client),
    completion: await checkCompletion(client),
    elicitation: YES,
    progress: YES,
    cancellation: YES,
    'step-up': stepUp,
    refresh: await checkRefresh(connection, client),
  }
}

/** SDK v1 answers the challenge with a refresh; its user gets the link from the tool error instead. */
async function checkStepUp(
  kind: McpClientKind,
  connection: Connection,
  client: SdkClient,
  user: ReturnType<typeof newUser>,
): Promise<string> {
  const add = () => client.call('addTodo', { text: 'from a step-up' })
  if (kind !== 'sdk-v1') {
    verify('a login, and the todo', !(await withSignIn(connection, add)).isError)
    return YES
  }
  const link = linkIn((await add()).content)
  verify('a link in the answer', link !== undefined)
  await answerStepUp(link ?? '', user)
  verify('the todo', !(await add()).isError)
  return BY_LINK
}

/** Invalidates the access token: the next call must succeed without a login. */
async function checkRefresh({ provider }: Connection, client: SdkClient): Promise<string> {
  const tokens = provider.tokens()
  if (tokens === undefined) throw new Error('no tokens')
  const broken = corrupted(tokens.access_token)
  provider.saveTokens({ ...tokens, access_token: broken })
  await checkTools(client)
  verify('another access token', provider.tokens()?.access_token !== broken)
  return YES
}
