import { makeLists } from '#mcp/lists/listed.ts'
import { catalog } from '#harness/product.ts'
import type { CaseName } from './cases.ts'
import { type PingOneRequests, total } from './logins.ts'
import { ratiosOf } from './measure.ts'
import type { Figures } from './run.ts'
import { spread } from './statistics.ts'

type Verdict = 'holds' | 'missed' | 'loaded machine'

export interface Aim {
  readonly aim: string
  readonly measured: string
  readonly verdict: Verdict
}

/** When the base case varies more than this between rounds, the machine is too busy to judge times. */
const MOST_SPREAD = 0.2

/** One round shows no spread: not enough to judge. */
const isUnsteady = (base: readonly number[]): boolean => base.length === 1 || spread(base) > MOST_SPREAD

export const isLoaded = ({ latency }: Figures): boolean => isUnsteady(latency.api?.rounds ?? [])

/** A verdict on everything that was measured. */
export const judge = (figures: Figures): readonly Aim[] => [
  ...bareAims(figures),
  ...userAims(figures),
  ...pingoneAims(figures),
  ...sizeAims(figures),
]

const verdict = (holds: boolean): Verdict => (holds ? 'holds' : 'missed')

/** The verdict on a time: none on a loaded machine. `base`: the rounds of what it is compared with. */
const timed = (figures: Figures, holds: boolean, base: readonly number[] = []): Verdict =>
  isLoaded(figures) || isUnsteady(base) ? 'loaded machine' : verdict(holds)

function bareAims(figures: Figures): Aim[] {
  const ratios = ratiosOf(figures.latency, figures.throughput)
  const aim = (name: CaseName, what: string, most: number): Aim[] =>
    ratios
      .filter((ratio) => ratio.name === name && ratio.base === 'bareCall')
      .map(({ p50 }) => ({
        aim: `${what} listTodos at most ${most} × bare, p50`,
        measured: `${p50.toFixed(2)} ×`,
        verdict: timed(figures, p50 <= most),
      }))
  return [...aim('statelessCall', 'stateless', 1.5), ...aim('sessionCall', 'session', 2)]
}

function userAims(figures: Figures): Aim[] {
  const { manyUsers, oneUser, ends } = figures
  const aims: Aim[] = []
  if (manyUsers !== undefined) {
    const { users, few, fewRounds, ratio } = manyUsers
    aims.push({
      aim: `listTodos of ${users} users at most 1.2 × that of ${few}, p50`,
      measured: `${ratio.toFixed(2)} ×`,
      verdict: timed(figures, ratio <= 1.2, fewRounds),
    })
  }
  if (oneUser !== undefined) {
    const { ratioToControl, aloneRounds } = oneUser.storm
    aims.push({
      aim: "one user's storm slows another's calls at most 1.2 × as much as a storm of many users, p50",
      measured: `${ratioToControl.toFixed(2)} ×`,
      verdict: timed(figures, ratioToControl <= 1.2, aloneRounds),
    })
  }
  if (ends !== undefined) {
    const { revoked, pingone } = ends
    const succeeded = revoked.succeededAfter + pingone.succeededAfter
    aims.push({
      aim: 'no call succeeds that began after its grant ended',
      measured: `${succeeded} of ${revoked.callsAfter + pingone.callsAfter}`,
      verdict: verdict(succeeded === 0),
    })
  }
  return aims
}

function pingoneAims({ logins, calls }: Figures): Aim[] {
  const requests = (
    aim: string,
    asked: PingOneRequests,
    most: number,
    ignored: PingOneRequests = {},
  ): Aim => ({
    aim,
    measured: JSON.stringify(asked),
    verdict: verdict(total({ ...asked, ...ignored }) <= most),
  })
  const aims: Aim[] = []
  if (logins !== undefined) {
    const { first, next } = logins
    aims.push(
      requests('first login of an isolate: 2 requests to PingOne, and discovery once', first, 2, {
        discovery: 0,
      }),
      requests('login with warm keys: 1 request to PingOne', next, 1),
    )
  }
  if (calls !== undefined) {
    aims.push({
      aim: 'tool call: no request to PingOne',
      measured: `${total(calls.pingone)} in ${calls.made} calls`,
      verdict: verdict(total(calls.pingone) === 0),
    })
  }
  return aims
}

/** A model pays for the tool list on every turn. */
const TOOL_LIST_BUDGET = 2000
/** Four characters a token are typical for JSON of English words; an estimate without a tokenizer. */
const toolListTokens = Math.ceil(JSON.stringify(makeLists(catalog).tools).length / 4)

function sizeAims(figures: Figures): Aim[] {
  const { bundles, startupMs } = figures
  const aims: Aim[] = [
    {
      aim: `list of tools below ${TOOL_LIST_BUDGET} tokens (characters / 4)`,
      measured: String(toolListTokens),
      verdict: verdict(toolListTokens < TOOL_LIST_BUDGET),
    },
  ]
  if (bundles !== undefined) {
    const kib = bundles.mcp.gzipBytes / 1024
    aims.push({
      aim: 'bundle below 500 KiB, minified, gzip',
      measured: `${kib.toFixed(1)} KiB`,
      verdict: verdict(kib < 500),
    })
  }
  if (startupMs !== undefined) {
    aims.push({
      aim: 'start-up below 120 ms of CPU',
      measured: `${startupMs.toFixed(1)} ms`,
      verdict: startupMs < 120 ? 'holds' : timed(figures, false),
    })
  }
  return aims
}
