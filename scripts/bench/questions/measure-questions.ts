import { setImmediate } from 'node:timers/promises'
import { AuditQuestions } from '#audit/read-questions.ts'
import type { EventFilter } from '#audit/filter.ts'
import { table } from '#harness/table.ts'
import { quantile } from '../statistics.ts'
import { chooseFrom, randomOf, type SeededLog, seedLog } from './seeded-log.ts'

const BASE_EVENTS = 10_000
const TIMES = 200
const PAGE = 50
const HOUR_MS = 3_600_000

interface Draw {
  log: SeededLog
  random: () => number
}

const user = ({ log, random }: Draw) => chooseFrom(log.users, random)
const client = ({ log, random }: Draw) => chooseFrom(log.clients, random)
const what = ({ log, random }: Draw) => chooseFrom(log.tools, random)
function within({ log, random }: Draw, hours: number) {
  const lastMs = Math.max(0, log.toMs - log.fromMs - hours * HOUR_MS)
  const fromMs = log.fromMs + Math.floor(random() * lastMs)
  return { fromMs, toMs: fromMs + hours * HOUR_MS }
}

/** The first page of these events, the newest first. */
const events = (filter: (draw: Draw) => EventFilter) => (questions: AuditQuestions, draw: Draw) =>
  questions.events(filter(draw), { order: 'newest', after: null, limit: PAGE })

/** One question each, with other values each time. */
const QUESTIONS: Readonly<Record<string, (questions: AuditQuestions, draw: Draw) => Promise<unknown>>> = {
  'who did what in this hour': events((draw) => within(draw, 1)),
  'what did this user do': events((draw) => ({ user: user(draw) })),
  'this user, this tool, failed, this week': events((draw) => ({
    user: user(draw),
    what: what(draw),
    outcome: 'failed',
    ...within(draw, 168),
  })),
  'what was this user denied': events((draw) => ({ user: user(draw), type: 'call.denied' })),
  'what did this client do on this day': events((draw) => ({ client: client(draw), ...within(draw, 24) })),
  'what failed for this client': events((draw) => ({ client: client(draw), outcome: 'failed' })),
  'who called this tool': events((draw) => ({ what: what(draw) })),
  'what happened in this session': events(({ log, random }) => ({
    session: chooseFrom(log.sessions, random),
  })),
  'this transaction': (questions, { log, random }) =>
    questions.transaction(chooseFrom(log.transactions, random)),
  'this event': (questions, { log, random }) => questions.event(chooseFrom(log.ids, random)),
  'which users had this client': (questions, draw) => questions.usersOfClient(client(draw), null, PAGE),
  'which clients acted for this user': (questions, draw) => questions.clientsOfUser(user(draw), null, PAGE),
  'sessions of this user that are open': (questions, draw) =>
    questions.sessions({ user: user(draw), isOpen: true }, null, PAGE),
  'who has this name': (questions, draw) => questions.usersBy('name', user(draw), null, PAGE),
}

export interface QuestionFigure {
  readonly question: string
  /** Milliseconds of CPU, of the small and of the large log: what else runs on the machine does not count. */
  readonly smallMs: number
  readonly largeMs: number
  /** The most statements that one answer took. */
  readonly statements: number
}

interface QuestionOptions {
  signal?: AbortSignal
  times?: number
  say?: (line: string) => void
}

/** Asks every question of a log of 10,000 events and of a large one, alternating. Neither leaves a file. */
export async function measureQuestions(
  manyEvents: number,
  { signal, times = TIMES, say = () => {} }: QuestionOptions = {},
): Promise<readonly QuestionFigure[]> {
  say(`Seeding ${BASE_EVENTS} and ${manyEvents} events …`)
  const small = open(await seedLog(BASE_EVENTS, 1, signal))
  const large = open(await seedLog(manyEvents, 2, signal))
  say('Asking …\n')
  const random = randomOf(3)
  const figures: QuestionFigure[] = []
  try {
    for (const [question, ask] of Object.entries(QUESTIONS)) {
      const taken = { small: new Array<number>(), large: new Array<number>() }
      let statements = 0
      for (let asked = 0; asked < times; asked += 1) {
        await setImmediate()
        signal?.throwIfAborted()
        for (const [name, { log, questions, count }] of [
          ['small', small],
          ['large', large],
        ] as const) {
          const before = count()
          const start = process.cpuUsage()
          await ask(questions, { log, random })
          const { user: own, system } = process.cpuUsage(start)
          taken[name].push((own + system) / 1000)
          statements = Math.max(statements, count() - before)
        }
      }
      const [smallMs, largeMs] = [quantile(taken.small, 0.95), quantile(taken.large, 0.95)]
      figures.push({ question, smallMs, largeMs, statements })
    }
  } finally {
    small.log.database.close()
    large.log.database.close()
  }
  return figures
}

function open(log: SeededLog) {
  let asked = 0
  const questions = new AuditQuestions(async ({ sql, params }) => {
    asked += 1
    return log.database.prepare(sql).all(...params)
  })
  return { log, questions, count: () => asked }
}

export const renderQuestions = (figures: readonly QuestionFigure[], manyEvents: number): string =>
  table(
    [
      'question',
      'p95, 10,000 events',
      `p95, ${manyEvents.toLocaleString('en')} events`,
      'ratio',
      'statements',
    ],
    figures.map(({ question, smallMs, largeMs, statements }) => [
      question,
      `${smallMs.toFixed(2)} ms`,
      `${largeMs.toFixed(2)} ms`,
      (largeMs / smallMs).toFixed(2),
      String(statements),
    ]),
  )
