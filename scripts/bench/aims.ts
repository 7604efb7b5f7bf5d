import { spread } from './statistics.ts'
import { total } from './logins.ts'
import type { Figures } from './run.ts'
import { makeLists } from '#mcp/listed.ts'
import { catalog } from '../../test/support/product.ts'

export type Verdict = 'holds' | 'missed' | 'loaded machine'

export interface Aim {
  readonly aim: string
  readonly measured: string
  readonly verdict: Verdict
}

/** When the base case varies more than this between rounds, the machine is too busy to judge times. */
const MOST_SPREAD = 0.2

const isUnsteady = (base: readonly number[]): boolean => spread(base) > MOST_SPREAD

export const isLoaded = ({ latency }: Figures): boolean => isUnsteady(latency.api.rounds)

export function judge(figures: Figures): readonly Aim[] {
  const { ratios, pingone, bundle, startupMs, manyUsers, oneUser, ends } = figures
  const loaded = isLoaded(figures)
  const verdict = (holds: boolean): Verdict => (holds ? 'holds' : 'missed')
  const timed = (holds: boolean, base: readonly number[] = []): Verdict =>
    loaded || (base.length > 0 && isUnsteady(base)) ? 'loaded machine' : verdict(holds)
  const { storm } = oneUser
  const after = [ends.revoked, ends.pingone]
  const sum = (of: 'callsAfter' | 'succeededAfter') => after.reduce((all, end) => all + end[of], 0)
  const kib = bundle.mcp.gzipBytes / 1024
  return [
    {
      aim: 'stateless listTodos at most 1.5 × bare, p50',
      measured: `${ratios.statelessCall.toFixed(2)} ×`,
      verdict: timed(ratios.statelessCall <= 1.5),
    },
    {
      aim: 'session listTodos at most 2 × bare, p50',
      measured: `${ratios.sessionCall.toFixed(2)} ×`,
      verdict: timed(ratios.sessionCall <= 2),
    },
    {
      aim: `listTodos of ${manyUsers.users} users at most 1.2 × that of ${manyUsers.few}, p50`,
      measured: `${manyUsers.ratio.toFixed(2)} ×`,
      verdict: timed(manyUsers.ratio <= 1.2, manyUsers.fewRounds),
    },
    {
      aim: "one user's storm slows another's calls at most 1.2 × as much as a storm of many users, p50",
      measured: `${storm.ratioToControl.toFixed(2)} ×`,
      verdict: timed(storm.ratioToControl <= 1.2, storm.aloneRounds),
    },
    {
      aim: 'no call succeeds that began after the end of its grant was told',
      measured: `${sum('succeededAfter')} of ${sum('callsAfter')}`,
      verdict: verdict(sum('succeededAfter') === 0),
    },
    {
      aim: 'first login of an isolate: 2 requests to PingOne, and discovery once',
      measured: JSON.stringify(pingone.firstLogin),
      verdict: verdict(total({ ...pingone.firstLogin, discovery: 0 }) <= 2),
    },
    {
      aim: 'login with warm keys: 1 request to PingOne',
      measured: JSON.stringify(pingone.nextLogin),
      verdict: verdict(total(pingone.nextLogin) <= 1),
    },
    {
      aim: 'tool call: no request to PingOne',
      measured: `${total(pingone.calls)} in ${pingone.callsMade} calls`,
      verdict: verdict(total(pingone.calls) === 0),
    },
    {
      aim: `list of tools below ${TOOL_LIST_BUDGET} tokens (characters / 4)`,
      measured: String(listTokens.tools),
      verdict: verdict(listTokens.tools < TOOL_LIST_BUDGET),
    },
    {
      aim: 'bundle below 500 KiB, minified, gzip',
      measured: `${kib.toFixed(1)} KiB`,
      verdict: verdict(kib < 500),
    },
    {
      aim: 'start-up below 120 ms of CPU',
      measured: `${startupMs.toFixed(1)} ms`,
      verdict: startupMs < 120 ? 'holds' : timed(false),
    },
  ]
}

/** Tokens of the tool list, which a model pays for on every turn. */
const TOOL_LIST_BUDGET = 2000

/** Typical for JSON of English words; an estimate that does not depend on a tokenizer. */
const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

const lists = makeLists(catalog)

const listTokens = {
  tools: tokensOf(lists.tools),
  reads: tokensOf([lists.resources, lists.resourceTemplates, lists.prompts]),
} as const
