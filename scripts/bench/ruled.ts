/** `npm run bench -- --rules`: a call under 100 rules and the same call under the default document, on two copies of the server. */
import { availableParallelism, loadavg } from 'node:os'
import { randomBytes } from 'node:crypto'
import { table } from '#harness/table.ts'
import { makeSeeder, seedGrants, signInAtPingOne } from './logins.ts'
import { listTodos, openSession, sessionMessage, statelessMessage } from './messages.ts'
import { exchange, type PreparedRequest, sendEach } from './requests.ts'
import type { Servers } from './servers.ts'
import { median, medianRatio } from './statistics.ts'

const WARM_UP = 300
const ROUNDS = 20
const PER_ROUND = 40
const BLOCK = 10

/** The document denies this, so a measured server has it in force. */
const DENIED = 'deleteTodo'
const SAYS = 'Measured.'

/** A user's id has 128 random bits. */
const someUser = () => ({ user: randomBytes(16).toString('base64url') })

/** 100 rules that a call of `listTodos` must pass: exact names, globs, users, groups, and conditions over arguments and time. */
export function hundredRules(): string {
  const many = (count: number, rule: (at: number) => object): object[] =>
    Array.from({ length: count }, (_, at) => rule(at))
  const rules = [
    { id: 'denied', what: { kind: 'tool', name: DENIED } },
    ...many(29, (at) => ({ id: `exact-${at}`, what: { kind: 'tool', name: 'addTodo' }, who: [someUser()] })),
    ...many(20, (at) => ({
      id: `glob-${at}`,
      what: { kind: 'tool', name: { glob: 'list*' } },
      who: [someUser()],
    })),
    ...many(20, (at) => ({
      id: `other-glob-${at}`,
      what: { kind: 'tool', name: { glob: 'add*' } },
      who: [{ group: `g${at}` }],
    })),
    ...many(20, (at) => ({
      id: `who-${at}`,
      what: { kind: 'any' },
      who: [{ group: `team-${at}` }, someUser()],
    })),
    ...many(5, (at) => ({
      id: `arguments-${at}`,
      what: { kind: 'tool', name: 'listTodos' },
      if: `has(args.limit) && args.limit > ${900 + at}`,
    })),
    ...many(5, (at) => ({
      id: `time-${at}`,
      what: { kind: 'tool', name: 'listTodos' },
      if: `now < timestamp("2020-01-0${at + 1}T00:00:00Z") || request.authAgeSeconds < 0`,
    })),
  ]
  return JSON.stringify({
    version: 1,
    default: 'allow',
    claimsMaxAgeSeconds: 3600,
    rules: rules.map((rule) => ({ ...rule, effect: 'deny', says: SAYS })),
  })
}

const TRANSPORTS = ['stateless', 'session'] as const
type Transport = (typeof TRANSPORTS)[number]

export interface RuledFigure {
  readonly transport: Transport
  /** Milliseconds, p50, without rules and with 100. */
  readonly plainMs: number
  readonly ruledMs: number
  /** The median of the ratios of the rounds. */
  readonly ratio: number
  /** The same ratio of another copy without rules, which is 1 but for the machine. */
  readonly control: number
}

/** Both servers get the same requests in turns, so that other load affects both. */
export async function measureRules(servers: Servers, signal: AbortSignal): Promise<readonly RuledFigure[]> {
  const { ruled, seeded } = servers
  if (ruled === undefined) throw new Error('no copy of the server has the rules')
  const downstream = await signInAtPingOne(servers)
  const requestsOf = async (origin: string): Promise<Record<Transport, PreparedRequest>> => {
    const [pair] = await seedGrants(await makeSeeder(origin), ['ruled'], downstream)
    if (pair === undefined) throw new Error('no grant')
    const { access_token: bearer } = pair
    if (origin === ruled) await requireRules(origin, bearer)
    const session = await openSession(origin, bearer)
    return {
      stateless: statelessMessage(origin, bearer, listTodos),
      session: sessionMessage(origin, bearer, session, listTodos),
    }
  }
  const copies = [seeded.few, ruled, seeded.many]
  const cases: { transport: Transport; request: PreparedRequest; rounds: number[] }[] = []
  for (const origin of copies) {
    const requests = await requestsOf(origin)
    for (const transport of TRANSPORTS) cases.push({ transport, request: requests[transport], rounds: [] })
  }
  for (let round = -1; round < ROUNDS; round += 1) {
    const taken = cases.map((): number[] => [])
    for (let sent = 0; sent < (round < 0 ? WARM_UP : PER_ROUND); sent += BLOCK)
      for (const [at, { request }] of cases.entries())
        taken[at]?.push(
          ...(await sendEach(
            Array.from({ length: BLOCK }, () => request),
            signal,
          )),
        )
    if (round >= 0) for (const [at, { rounds }] of cases.entries()) rounds.push(median(taken[at] ?? []))
  }
  return TRANSPORTS.map((transport) => {
    const [plain = [], rules = [], again = []] = cases.flatMap((one) =>
      one.transport === transport ? [one.rounds] : [],
    )
    return {
      transport,
      plainMs: median(plain),
      ruledMs: median(rules),
      ratio: medianRatio(rules, plain),
      control: medianRatio(again, plain),
    }
  })
}

async function requireRules(origin: string, bearer: string): Promise<void> {
  const params = { name: DENIED, arguments: { id: 'any' } }
  const { text } = await exchange(
    statelessMessage(origin, bearer, { method: 'tools/call', params, expects: '' }),
  )
  if (!text.includes(SAYS)) throw new Error(`the rules are not in force: ${text.slice(0, 300)}`)
}

export const renderRules = (figures: readonly RuledFigure[]): string =>
  `${table(
    ['listTodos', 'default document', '100 rules', 'ratio', 'of two copies without rules'],
    figures.map(({ transport, plainMs, ruledMs, ratio, control }) => [
      transport,
      `${plainMs.toFixed(2)} ms`,
      `${ruledMs.toFixed(2)} ms`,
      ratio.toFixed(3),
      control.toFixed(3),
    ]),
  )}\n\n${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`
