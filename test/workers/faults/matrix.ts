import { type Fault, faults, steps, type Step, type Target, targets } from './faults.ts'

/**
 * The expected outcome for a client, user or model: every step under every fault of every system. Clocks are tried in
 * both directions. `expected` and `impossible` explain the words.
 */
const TABLE = `
                      500         timeout     reset       slow  malformed   html        429    clock
discovery  authorize  try         try         try         ok    try         try         try    -timeless
discovery  callback   try         try         try         ok    try         try         try    -timeless
discovery  exchange   -untouched
discovery  refresh    -untouched
discovery  read       later       later       later       ok    later       later       later  -timeless
discovery  write      later       later       later       ok    later       later       later  -timeless
keys       authorize  -untouched
keys       callback   try         try         try         ok    try         try         try    -timeless
keys       exchange   -untouched
keys       refresh    -untouched
keys       read       later       later       later       ok    later       later       later  -timeless
keys       write      later       later       later       ok    later       later       later  -timeless
token      authorize  -untouched
token      callback   try         try         try         ok    try         try         try    ok
token      exchange   -untouched
token      refresh    -untouched
token      read       later       later       later       ok    later       later       later  ok
token      write      later       later       later       ok    later       later       later  ok
revoke     authorize  -untouched
revoke     callback   ok          ok          ok          ok    -unread     ok          ok     -timeless
revoke     exchange   ended       ended       ended       ended -unread     ended       ended  -timeless
revoke     refresh    -untouched
revoke     read       -untouched
revoke     write      -untouched
document   authorize  sorry       sorry       sorry       ok    sorry       sorry       sorry  -timeless
document   callback   sorry       sorry       sorry       ok    sorry       sorry       sorry  -timeless
document   exchange   later       later       later       ok    later       later       later  -timeless
document   refresh    later       later       later       ok    later       later       later  -timeless
document   read       -untouched
document   write      -untouched
api        authorize  -untouched
api        callback   -untouched
api        exchange   -untouched
api        refresh    -untouched
api        read       unanswered  unanswered  unanswered  ok    unanswered  unanswered  busy   ok
api        write      unknown     unknown     unknown     ok    unknown     unknown     busy   ok
kv         authorize  sorry       sorry       ok          ok    -own        -own        sorry  -relative
kv         callback   sorry       sorry       ok          ok    -own        -own        sorry  -relative
kv         exchange   later       later       ok          ok    -own        -own        later  -relative
kv         refresh    later       later       ok          ok    -own        -own        later  -relative
kv         read       -untouched
kv         write      -untouched
user     authorize  -untouched
user     callback   try         try         ok          ok    -own        -own        try    ok
user     exchange   later       later       ok          ok    -own        -own        later  ok
user     refresh    later       later       ok          ok    -own        -own        later  ok
user     read       later       later       ok          ok    -own        -own        later  ok
user     write      later       later       ok          ok    -own        -own        later  ok
`

export const expected = {
  ok: 'as if nothing had happened',
  try: 'a page, 503 with Retry-After, and a form that goes on with what was approved',
  sorry: 'a page, 503 with Retry-After; the same address or form is good again afterwards',
  later: 'at /token 503 temporarily_unavailable, at /mcp 503, each with Retry-After; nothing was done',
  unanswered: 'a tool error: the API does not answer, nothing was changed',
  busy: 'a tool error: the API is busy, nothing was changed, and when to try again',
  unknown: 'a tool error: nobody knows whether it was done; it is not repeated',
  ended: 'invalid_grant, as it should be: the code was used twice, and PingOne is told when it answers',
} as const

export const impossible = {
  '-untouched': 'this step does not ask that system: shown by a run with all of it down',
  '-timeless': 'nothing in that answer says or means a time',
  '-unread': 'a revocation is answered by its status; there is no body to be cut off (RFC 7009 §2.2)',
  '-own': 'a binding gives what this server put there, whole, or throws: nobody stands between',
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
