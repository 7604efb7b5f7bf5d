import { linkIn } from '#harness/step-up.ts'
import type { DrivenClient } from './client.ts'
import type { Output } from './run-client.ts'
import type { Results } from './results-table.ts'
import type { UserAtBrowser } from './user-at-browser.ts'

/** What the steps use besides the client. */
export interface StepContext {
  readonly user: UserAtBrowser
  /** A todo that is on the user's list. */
  readonly known: string
  /** The text of the todo to add. */
  readonly added: string
  /** The user's list, read by another client. */
  readTodos(): Promise<string>
}

const READS_ONLY = ['todo:read']
const MAX_CALLS = 3

/** Login with reading alone, the list, a read, and a write that needs more. */
export async function firstSteps(client: DrivenClient, context: StepContext): Promise<Partial<Results>> {
  const { user, known } = context
  user.scopes = READS_ONLY
  const login = await client.login()
  user.scopes = undefined
  const stuckAt = user.logins.at(-1)?.stuckAt
  if (stuckAt !== undefined) return { login: `no: the login ended at ${stuckAt}` }
  if (login.logins === 0) return { login: failed(login) }
  const list = await client.list()
  const isListed = ['listTodos', 'addTodo'].every((name) => list.text.includes(name))
  const read = await client.call('listTodos', {})
  return {
    login: 'yes',
    list: isListed ? 'yes' : failed(list),
    read: read.text.includes(known) ? 'yes' : failed(read),
    write: await writeWithStepUp(client, context),
  }
}

/** The three ways to more scopes that clients have: a login that they begin, the link in the answer, another login. */
async function writeWithStepUp(client: DrivenClient, context: StepContext): Promise<string> {
  const { user, added } = context
  const isAdded = async () => (await context.readTodos()).includes(added)
  let way = 'without a question'
  let last: Output | undefined
  for (let call = 1; call <= MAX_CALLS; call += 1) {
    last = await client.call('addTodo', { text: added })
    if (last.logins > 0) way = 'by a login that it begins'
    if (await isAdded()) return `yes, ${way}`
    const link = linkIn(last.text.replaceAll(String.raw`\n`, '\n'))
    if (link === undefined) continue
    await user.allowMore(link)
    way = 'by the link in the answer'
  }
  if (client.loginForMore === undefined || last === undefined) return failed(last)
  const more = await client.loginForMore()
  if (more.logins > 0) last = await client.call('addTodo', { text: added })
  return (await isAdded()) ? 'yes, after another login' : failed(last)
}

const failed = (output: Output | undefined): string =>
  output === undefined ? 'no' : `no: ${reasonIn(output)}`

/** With an access token that has expired, which the server refuses: a call succeeds only after a refresh or a login. */
export async function laterSteps(
  client: DrivenClient,
  { user, known }: StepContext,
): Promise<Partial<Results>> {
  const logins = user.logins.length
  const isQuiet = () => user.logins.length === logins
  const read = await client.call('listTodos', {})
  const refresh = !isQuiet()
    ? 'no: it asks the user to sign in'
    : read.text.includes(known)
      ? 'yes'
      : failed(read)
  const loginsBefore = user.logins.length
  await client.restart?.()
  const again = await client.list()
  const isBack = again.text.includes('listTodos') && user.logins.length === loginsBefore
  return { refresh, reconnect: isBack ? 'yes' : failed(again) }
}

/** The most telling line of a failure, short enough for a cell. */
export function reasonIn({ text, code }: Output): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line =
    lines.find((one) => /error|fail|denied|unauthor|forbidden|no end|NO TOOL/i.test(one)) ?? lines.at(-1)
  const words = line?.replaceAll(/https?:\/\/\S+/g, '(address)').replaceAll('|', '/') ?? `exit code ${code}`
  return words.length > 100 ? `${words.slice(0, 99)}…` : words
}
