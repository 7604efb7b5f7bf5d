import { STREAM_CHECK_MS } from '#mcp/edge/answer-pass.ts'
import { deadlineSetAfter, deadlineSetBefore } from './deadlines.ts'
import { STRANGE_WORDS } from '../settings.ts'

export const targets = [
  'discovery',
  'keys',
  'token',
  'revoke',
  'document',
  'api',
  'kv',
  'user',
  'd1',
] as const
/** `bare`: a database without a table of the migrations. */
export const faults = [
  '500',
  'timeout',
  'reset',
  'slow',
  'malformed',
  'html',
  '429',
  'clock',
  'bare',
] as const
export const steps = ['register', 'authorize', 'callback', 'exchange', 'refresh', 'read', 'write'] as const
/** `control`: the object of the policy in force and its copies. No step of the matrix waits for it. */
export type Target = (typeof targets)[number] | 'control'
export type Fault = (typeof faults)[number]
export type Step = (typeof steps)[number]

const SLOW_MS = 40

interface Broken {
  target: Target
  fault: Fault
  /** The number of messages that pass before the fault begins. */
  after: number
  /** Whether the fault meets this message. */
  isMeant: (message: string) => boolean
}

interface BreakOptions extends Partial<Pick<Broken, 'after' | 'isMeant'>> {
  offSeconds?: number
}

let broken: Broken | null = null
let counts = new Map<Target, number>()
/** Statements about what operators cut off (src/audit/cutoffs.ts): they may fail, and no request fails with them. */
let aboutCutoffs = 0
let lost = new Set<string>()
let withoutDeadline: string[] = []

/** While they are held, an object's alarm runs only when a test rings it (worker.ts). */
export const alarms = { areHeld: false }

/** How often an open stream checks its access token. A test that waits for it shortens it before it opens the stream. */
export const streams = { checkMs: STREAM_CHECK_MS }

/** Clock offsets in seconds. `user`: the clock of this server. */
export const clocks = { token: 0, api: 0, user: 0 }

/** Breaks the target until heal(), and resets the counters. */
export function breakDown(
  target: Target,
  fault: Fault,
  { after = 0, offSeconds = 0, isMeant = () => true }: BreakOptions = {},
): void {
  broken = { target, fault, after, isMeant }
  counts = new Map()
  aboutCutoffs = 0
  lost = new Set()
  if (fault === 'clock' && (target === 'token' || target === 'api' || target === 'user'))
    clocks[target] = offSeconds
}

/** Throws if a message had no deadline. */
export function heal(): void {
  broken = null
  interruption = null
  Object.assign(clocks, { token: 0, api: 0, user: 0 })
  const [first] = withoutDeadline
  withoutDeadline = []
  if (first !== undefined) throw new Error(`a message without a deadline: ${first}`)
}

interface Interruption {
  isMeant: (message: string) => boolean
  act: () => Promise<void>
}
let interruption: Interruption | null = null

/** Acts once, before the next such message to a binding is delivered. */
export function interrupt(isMeant: Interruption['isMeant'], act: Interruption['act']): void {
  interruption = { isMeant, act }
}

/** null: nothing interrupts this message. It is then sent in the task that set its deadline (deadlines.ts). */
function nextInterruption(message: string): Interruption['act'] | null {
  if (interruption?.isMeant(message) !== true) return null
  const { act } = interruption
  interruption = null
  return act
}

export const messagesTo = (target: Target): number => counts.get(target) ?? 0

/** Without the questions for cutoffs. */
export const messagesToLog = (): number => messagesTo('d1') - aboutCutoffs

function nextFault(target: Target, message: string): Fault | null {
  const before = messagesTo(target)
  counts.set(target, before + 1)
  if (broken?.target !== target || before < broken.after || !broken.isMeant(message)) return null
  return broken.fault
}

/** An HTTP exchange. Where the outcome is open, the worse one happened: the act was executed. */
export async function overHttp(
  target: Target,
  request: Request,
  act: () => Promise<Response>,
): Promise<Response> {
  const fault = nextFault(target, request.url)
  switch (fault) {
    case null:
    case 'clock':
      return act()
    case '500':
      return new Response(STRANGE_WORDS, { status: 500 })
    case '429':
      return Response.json({ message: STRANGE_WORDS }, { status: 429, headers: { 'retry-after': '7' } })
    case 'html':
      return new Response(`<!doctype html><h1>${STRANGE_WORDS}</h1>`, {
        headers: { 'content-type': 'text/html' },
      })
    case 'slow':
      await scheduler.wait(SLOW_MS)
      return act()
    case 'malformed': {
      const { status, headers, text } = await read(await act())
      return new Response(text.slice(0, text.length / 2), { status, headers })
    }
    case 'reset': {
      const { status, headers, text } = await read(await act())
      return new Response(truncatedStream(text), { status, headers })
    }
    case 'timeout': {
      const deadline = deadlineSetBefore()
      await act()
      return keepSilent(request.url, deadline, request.signal)
    }
    case 'bare':
      throw new Error('an HTTP exchange has no tables')
    default:
      return fault satisfies never
  }
}

/**
 * A message to a binding. `reset`: it arrives and its answer is lost; the retry passes. A database that is silent has done
 * what it was asked. `actBare`: the same message to a database without tables.
 */
export async function overBinding(
  target: Target,
  message: string,
  act: () => Promise<unknown>,
  actBare?: () => Promise<unknown>,
): Promise<unknown> {
  if (message.includes('client_cutoffs')) aboutCutoffs += 1
  const interrupting = nextInterruption(message)
  if (interrupting !== null) await interrupting()
  const fault = nextFault(target, message)
  switch (fault) {
    case '500':
      throw new Error(`internal error ${STRANGE_WORDS}`)
    case '429':
      throw Object.assign(new Error(`429 Too Many Requests ${STRANGE_WORDS}`), { overloaded: true })
    case 'timeout': {
      const deadline = await deadlineSetAfter()
      if (target === 'd1') await act()
      return keepSilent(message, deadline)
    }
    case 'reset': {
      const answer = await act()
      if (lost.has(message)) return answer
      lost.add(message)
      throw new Error(`Network connection lost. ${STRANGE_WORDS}`)
    }
    case 'slow':
      await scheduler.wait(SLOW_MS)
      return act()
    case null:
    case 'clock':
      return act()
    case 'bare':
      if (actBare === undefined) throw new Error('this binding has no tables')
      return actBare()
    case 'malformed':
    case 'html':
      throw new Error('a binding gives what was put there, or throws')
    default:
      return fault satisfies never
  }
}

/** Longer than a test may take: ignoring the deadline hangs the test. */
const FOR_EVER_MS = 600_000

async function keepSilent(
  message: string,
  endDeadline: (() => void) | null,
  signal?: AbortSignal,
): Promise<never> {
  if (endDeadline === null) withoutDeadline.push(message)
  endDeadline?.()
  await scheduler.wait(endDeadline === null ? 0 : FOR_EVER_MS, signal && { signal })
  throw new Error(STRANGE_WORDS)
}

const read = async (answer: Response) => ({
  status: answer.status,
  headers: { 'content-type': answer.headers.get('content-type') ?? 'text/plain' },
  text: await answer.text(),
})

function truncatedStream(text: string): ReadableStream<Uint8Array> {
  let isBegun = false
  return new ReadableStream({
    pull(controller) {
      if (isBegun) controller.error(new Error(`Network connection lost. ${STRANGE_WORDS}`))
      else controller.enqueue(new TextEncoder().encode(text.slice(0, 1)))
      isBegun = true
    },
  })
}
