/** `npm run bench -- --policy`: how the cost of a decision grows with rules and arguments. It needs no Worker. */
import { setImmediate } from 'node:timers/promises'
import { celArguments } from '#policy/arguments.ts'
import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument } from '#policy/document.ts'
import type { Policy } from '#policy/policy.ts'
import type { CelValue, Question } from '#policy/question.ts'
import { table } from '#harness/table.ts'
import { median } from './statistics.ts'

const RULES = [10, 100, 1000]
const KIB = [1, 16, 128]
const ROUNDS = 15
/** One measurement decides again and again for at least this long. */
const MEASURED_US = 4_000

/** What a rule can hold that its author wants to be slow: the part of a rule that makes it so. */
const HOSTILE: Readonly<Record<string, (at: number) => Record<string, unknown>>> = {
  'other names': (at) => ({ what: { kind: 'tool', name: `tool${at}` } }),
  'globs of stars': (at) => ({ what: { kind: 'tool', name: { glob: `*a*a*a*a*a*${at}` } } }),
  'nested repetitions': (at) => ({ what: { kind: 'tool', name: { regex: `((a+)+|(b|a)*)+${at}` } } }),
  're() over a text': (at) => ({ if: `re(args.text, "^(a|aa)+[ab]{${at % 20}}[^a]{1,3}$")` }),
  'contains() and size()': (at) => ({
    if: `args.text.contains("aaaaaaaab${at}") || size(args.text) < ${at}`,
  }),
  'a macro over a list': (at) => ({ if: `args.list.exists(x, x.name == "n${at}" && x.size > ${at})` }),
  'both sides of ==': (at) => ({ if: `args.list == args.copy && size(args.list) == ${at}` }),
}

export interface PolicyFigure {
  readonly what: string
  readonly rules: number
  readonly kib: number
  /** Microseconds of CPU for one decision. */
  readonly us: number
}

interface Measured {
  readonly figure: Omit<PolicyFigure, 'us'>
  readonly decide: () => void
  readonly taken: number[]
  times: number
}

/** Decides every combination of rules and arguments; the rounds alternate between all of them. */
export async function measurePolicies(signal: AbortSignal): Promise<readonly PolicyFigure[]> {
  const measured: Measured[] = []
  for (const [what, hostile] of Object.entries(HOSTILE))
    for (const rules of RULES) {
      const policy = await policyOf(rules, hostile)
      for (const kib of KIB) {
        const question = questionWith(argumentsOf(kib * 1024))
        const decide = () => void policy.decide(question)
        measured.push({ figure: { what, rules, kib }, decide, taken: [], times: timesFor(decide) })
      }
    }
  for (let round = 0; round < ROUNDS; round += 1)
    for (const one of measured) {
      await setImmediate()
      signal.throwIfAborted()
      one.taken.push(cpuUs(one.decide, one.times) / one.times)
    }
  return measured.map(({ figure, taken }) => ({ ...figure, us: median(taken) }))
}

function timesFor(decide: () => void): number {
  cpuUs(decide, 1)
  const once = cpuUs(decide, 1)
  return Math.max(1, Math.ceil(MEASURED_US / Math.max(1, once)))
}

function cpuUs(run: () => void, times: number): number {
  const start = process.cpuUsage()
  for (let time = 0; time < times; time += 1) run()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

async function policyOf(rules: number, hostile: (at: number) => Record<string, unknown>): Promise<Policy> {
  const document = PolicyDocument.parse({
    version: 1,
    default: 'allow',
    rules: Array.from({ length: rules }, (_, at) => ({
      id: `r${at}`,
      what: { kind: 'tool' },
      effect: 'deny',
      says: 'No.',
      ...hostile(at),
    })),
  })
  const compiled = await compilePolicy(document)
  if (!compiled.ok) throw new Error(compiled.error.join('\n'))
  return compiled.value
}

/** A third is a text, and a third each a list and its copy. */
function argumentsOf(bytes: number): Readonly<Record<string, CelValue>> {
  const text = 'a'.repeat(Math.floor(bytes / 3))
  const items = Math.max(1, Math.floor(bytes / 3 / '{"name":"n","size":1},'.length) - 1)
  const list = () => Array.from({ length: items }, () => ({ name: 'n', size: 1 }))
  const read = celArguments({}, { text, list: list(), copy: list() })
  if (!read.ok) throw new Error(read.error)
  return read.value
}

const questionWith = (args: Readonly<Record<string, CelValue>>): Question => ({
  phase: 'call',
  subject: { app: 'todos', kind: 'tool', names: ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'] },
  user: { id: 'u', groups: ['staff'], claims: {}, acr: '' },
  client: { id: 'c', domain: '', kind: 'registered' },
  request: { network: '192.0.2.0/24', authAgeSeconds: 60, transport: 'stateless' },
  nowMs: Date.UTC(2026, 10, 30, 9, 30),
  args,
})

/** Each step against the one before: 10 is linear in the rules, 16 and 8 are linear in the arguments. */
export function renderPolicies(figures: readonly PolicyFigure[]): string {
  const usOf = (what: string, rules: number, kib: number): number =>
    figures.find((figure) => figure.what === what && figure.rules === rules && figure.kib === kib)?.us ?? NaN
  const ratio = (value: number, base: number) => (value / base).toFixed(1)
  const whats = [...new Set(figures.map(({ what }) => what))]
  return table(
    [
      'rules with',
      '10 rules, 1 KiB',
      '100 / 10',
      '1000 / 100',
      '100 rules: 16 / 1 KiB',
      '128 / 16 KiB',
      '1000 rules, 128 KiB',
    ],
    whats.map((what) => [
      what,
      `${usOf(what, 10, 1).toFixed(1)} µs`,
      ratio(usOf(what, 100, 16), usOf(what, 10, 16)),
      ratio(usOf(what, 1000, 16), usOf(what, 100, 16)),
      ratio(usOf(what, 100, 16), usOf(what, 100, 1)),
      ratio(usOf(what, 100, 128), usOf(what, 100, 16)),
      `${(usOf(what, 1000, 128) / 1000).toFixed(1)} ms`,
    ]),
  )
}
