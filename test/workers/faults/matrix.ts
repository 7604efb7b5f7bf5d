import { type Fault, faults, steps, type Step, type Target, targets } from './faults.ts'

/**
 * The expected outcome for a client, user or model: every step under every fault of every system. Clocks are tried in
 * both directions. `expected` and `impossible` explain the words.
 */
const TABLE = `
                      500         timeout     reset       slow  malformed   html        429    clock      bare
discovery  register   -untouched
discovery  authorize  try         try         try         ok    try         try         try    -timeless  -tableless
discovery  callback   try         try         try         ok    try         try         try    -timeless  -tableless
discovery  exchange   -untouched
discovery  refresh    -untouched
discovery  read       later       later       later       ok    later       later       later  -timeless  -tableless
discovery  write      later       later       later       ok    later       later       later  -timeless  -tableless
keys       register   -untouched
keys       authorize  -untouched
keys       callback   try         try         try         ok    try         try         try    -timeless  -tableless
keys       exchange   -untouched
keys       refresh    -untouched
keys       read       later       later       later       ok    later       later       later  -timeless  -tableless
keys       write      later       later       later       ok    later       later       later  -timeless  -tableless
token      register   -untouched
token      authorize  -untouched
token      callback   try         try         try         ok    try         try         try    ok         -tableless
token      exchange   -untouched
token      refresh    -untouched
token      read       later       later       later       ok    later       later       later  ok         -tableless
token      write      later       later       later       ok    later       later       later  ok         -tableless
revoke     register   -untouched
revoke     authorize  -untouched
revoke     callback   ok          ok          ok          ok    -unread     ok          ok     -timeless  -tableless
revoke     exchange   ended       ended       ended       ended -unread     ended       ended  -timeless  -tableless
revoke     refresh    -untouched
revoke     read       -untouched
revoke     write      -untouched
document   register   -untouched
document   authorize  sorry       sorry       sorry       ok    sorry       sorry       sorry  -timeless  -tableless
document   callback   sorry       sorry       sorry       ok    sorry       sorry       sorry  -timeless  -tableless
document   exchange   later       later       later       ok    later       later       later  -timeless  -tableless
document   refresh    later       later       later       ok    later       later       later  -timeless  -tableless
document   read       -untouched
document   write      -untouched
api        register   -untouched
api        authorize  -untouched
api        callback   -untouched
api        exchange   -untouched
api        refresh    -untouched
api        read       unanswered  unanswered  unanswered  ok    unanswered  unanswered  busy   ok         -tableless
api        write      unknown     unknown     unknown     ok    unknown     unknown     busy   ok         -tableless
kv         register   later       later       ok          ok    -own        -own        later  -relative  -tableless
kv         authorize  sorry       sorry       ok          ok    -own        -own        sorry  -relative  -tableless
kv         callback   sorry       sorry       ok          ok    -own        -own        sorry  -relative  -tableless
kv         exchange   later       later       ok          ok    -own        -own        later  -relative  -tableless
kv         refresh    later       later       ok          ok    -own        -own        later  -relative  -tableless
kv         read       -untouched
kv         write      -untouched
user       register   -untouched
user       authorize  -untouched
user       callback   try         try         ok          ok    -own        -own        try    ok         -tableless
user       exchange   later       later       ok          ok    -own        -own        later  ok         -tableless
user       refresh    later       later       ok          ok    -own        -own        later  ok         -tableless
user       read       later       later       ok          ok    -own        -own        later  ok         -tableless
user       write      later       later       ok          ok    -own        -own        later  ok         -tableless
d1         register   later       later       ok          ok    -own        -own        later  -timeless  ok
d1         authorize  -untouched
d1         callback   waits       waits       ok          ok    -own        -own        waits  -timeless  waits
d1         exchange   waits       waits       ok          ok    -own        -own        waits  -timeless  waits
d1         refresh    waits       waits       ok          ok    -own        -own        waits  -timeless  waits
d1         read       waits       waits       ok          ok    -own        -own        waits  -timeless  waits
d1         write      waits       waits       ok          ok    -own        -own        waits  -timeless  waits
`

export const expected = {
  ok: 'as if nothing had happened',
  try: 'a page, 503 with Retry-After, and a form that goes on with what was approved',
  sorry: 'a page, 503 with Retry-After; the same address or form is good again afterwards',
  later: 'at /token 503 temporarily_unavailable, at /mcp 503, each with Retry-After; nothing was done',
  unanswered: 'a tool error: the API does not answer, nothing was changed',
  busy: 'a tool error: the API is busy, nothing was changed, and when to try again',
  unknown: 'a tool error: nobody knows whether it was done; it is not repeated',
  waits: 'as if nothing had happened; the events wait for D1 and are there once when it answers',
  ended: 'invalid_grant, as it should be: the code was used twice, and PingOne is told when it answers',
} as const

export const impossible = {
  '-untouched': 'this step does not ask that system: shown by a run with all of it down',
  '-timeless': 'nothing in that answer says or means a time',
  '-unread': 'a revocation is answered by its status; there is no body to be cut off (RFC 7009 §2.2)',
  '-own': 'a binding gives what this server put there, whole, or throws: nobody stands between',
  '-tableless': 'it has no tables',
  '-relative': 'Workers KV is told lives in seconds, never times, and gives none back',
} as const

export type Word = keyof typeof expected | keyof typeof impossible
const isWord = (text: string): text is Word => text in expected || text in impossible

export interface Row {
  target: Target
  step: Step
  cells: ReadonlyMap<Fault, Word>
}

/** Throws for a malformed line, so that no line is skipped. */
export const matrix: readonly Row[] = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [target, step, ...words] = line.trim().split(/\s+/)
    const row = { target: targets.find((one) => one === target), step: steps.find((one) => one === step) }
    const all = words.length === 1 ? faults.map(() => words[0] ?? '') : words
    if (row.target === undefined || row.step === undefined || all.length !== faults.length)
      throw new Error(`not a row: ${line}`)
    const cells = new Map(
      faults.map((fault, at) => {
        const word = all[at] ?? ''
        if (!isWord(word)) throw new Error(`${word} is no word of the table: ${line}`)
        return [fault, word]
      }),
    )
    return { target: row.target, step: row.step, cells }
  })
