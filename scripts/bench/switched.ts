/** `npm run bench -- --switch`: the time from the operator API's "done" to the first call that is stopped. */
import { randomUUID } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from '#harness/browser.ts'
import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { Operator } from '#harness/operator.ts'
import { signIn } from '#harness/sign-in.ts'
import { table } from '#harness/table.ts'
import { grace, newUser } from '#harness/users.ts'
import { Users } from '#operate/api-schema.ts'
import { SwitchChange } from '#operate/policy-schema.ts'
import type { SwitchTarget } from '#policy/switches.ts'
import { listTodos, statelessMessage } from './messages.ts'
import { exchange, type PreparedRequest } from './requests.ts'
import type { Servers } from './servers.ts'
import { median } from './statistics.ts'

const SWITCHES = 20
const IDLE_SWITCHES = 10
/** An isolate that served nothing for three seconds reads the head before it answers (control/head-cache.ts). */
const IDLE_MS = 3_500
const SAYS = 'Switched off to be measured.'
const WAIT_MS = 10_000

type Kind = 'user' | 'client'

export interface SwitchFigure {
  readonly kind: Kind
  readonly isIdle: boolean
  /** Milliseconds from "done" to the beginning of the first call that was stopped, of each switch. */
  readonly afterMs: readonly number[]
  /** Calls that began after "done" and were not stopped: the most of one switch. */
  readonly passed: number
}

interface Subject {
  readonly operator: Operator
  readonly target: SwitchTarget
  readonly call: PreparedRequest
}

export async function measureSwitches(
  servers: Servers,
  signal: AbortSignal,
): Promise<readonly SwitchFigure[]> {
  const { operator, targets, call } = await signInBoth(servers)
  const figures: SwitchFigure[] = []
  for (const isIdle of [false, true])
    for (const kind of ['user', 'client'] as const) {
      const subject = { operator, target: targets[kind], call }
      const taken: { afterMs: number; passed: number }[] = []
      for (let time = 0; time < (isIdle ? IDLE_SWITCHES : SWITCHES); time += 1)
        taken.push(await switchOnce(subject, isIdle, signal))
      const passed = Math.max(...taken.map((one) => one.passed))
      figures.push({ kind, isIdle, afterMs: taken.map(({ afterMs }) => afterMs), passed })
    }
  return figures
}

/** An operator, and another user with a client. */
async function signInBoth({ origin }: Servers) {
  const user = newUser('switched')
  const client = await (await new OAuthClient(`${origin}/mcp`).discover()).register()
  const authorization = client.authorize({ scope: 'todo:read' })
  const { answer } = await signIn(new Browser(), authorization.url, { user })
  const { access_token: bearer } = tokensIn(
    await client.redeem(answer?.get('code') ?? '', authorization.verifier),
  )
  const call = statelessMessage(origin, bearer, listTodos)
  await untilPassing(call)
  const operator = await Operator.signIn(origin, grace)
  const targets: Record<Kind, SwitchTarget> = {
    user: { kind: 'user', value: await idOf(operator, user.username) },
    client: { kind: 'client', value: client.clientId },
  }
  return { operator, targets, call }
}

/** The directory knows a user when their object has shipped its first events. */
async function idOf(operator: Operator, name: string): Promise<string> {
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await sleep(200)) {
    const [found] = Users.parse((await operator.get('/users', { name })).body).users
    if (found !== undefined) return found.id
  }
  throw new Error(`no user ${name}`)
}

async function switchOnce({ operator, target, call }: Subject, isIdle: boolean, signal: AbortSignal) {
  signal.throwIfAborted()
  let isDone = false
  const switching = async () => {
    // In the middle of a second, as switches come at any time.
    await sleep(isIdle ? IDLE_MS : Math.random() * 1_000)
    const body = { act: randomUUID(), reason: 'bench', target, says: SAYS, until: null }
    const change = SwitchChange.parse((await operator.post('/switches', body)).body)
    if (change.outcome !== 'done') throw new Error(`a switch is ${change.outcome}`)
    isDone = true
    return { act: change.act, doneMs: performance.now() }
  }
  const begun = switching()
  if (isIdle) await begun
  let passed = 0
  let beganMs = performance.now()
  for (const endMs = beganMs + WAIT_MS + IDLE_MS; !(await isStopped(call)); beganMs = performance.now()) {
    signal.throwIfAborted()
    if (performance.now() > endMs) throw new Error('a switch stopped nothing')
    if (isDone) passed += 1
  }
  const { act, doneMs } = await begun
  const end = { act: randomUUID(), reason: 'bench' }
  SwitchChange.parse((await operator.post(`/switches/${act}/end`, end)).body)
  await untilPassing(call)
  return { afterMs: Math.max(0, beganMs - doneMs), passed }
}

async function isStopped(call: PreparedRequest): Promise<boolean> {
  const { text } = await exchange(call)
  if (!text.includes(call.expects) && !text.includes(SAYS)) throw new Error(text.slice(0, 300))
  return text.includes(SAYS)
}

async function untilPassing(call: PreparedRequest): Promise<void> {
  for (const endMs = performance.now() + WAIT_MS; await isStopped(call); await sleep(50))
    if (performance.now() > endMs) throw new Error('a switch does not end')
}

export const renderSwitches = (figures: readonly SwitchFigure[]): string =>
  `${table(
    ['switched off', 'the client', 'switches', 'median', 'longest', 'calls that passed after it, at most'],
    figures.map(({ kind, isIdle, afterMs, passed }) => [
      kind,
      isIdle ? `was idle for ${IDLE_MS / 1000} s` : 'calls all the time',
      String(afterMs.length),
      `${Math.round(median(afterMs))} ms`,
      `${Math.round(Math.max(...afterMs))} ms`,
      String(passed),
    ]),
  )}\n\n${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`
