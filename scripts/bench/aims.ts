import { spread } from './statistics.ts'
import { total } from './pingone-requests.ts'
import type { Figures } from './figures.ts'

export type Verdict = 'holds' | 'missed' | 'loaded machine'

export interface Aim {
  readonly aim: string
  readonly measured: string
  readonly verdict: Verdict
}

/** When the base case moves by more than this between rounds, times say more about the machine than about us. */
const MOST_SPREAD = 0.2

export const isLoaded = ({ latency }: Figures): boolean => spread(latency.api.rounds) > MOST_SPREAD

export function judge(figures: Figures): readonly Aim[] {
  const { ratios, pingone, bundle, startupMs } = figures
  const loaded = isLoaded(figures)
  const verdict = (holds: boolean): Verdict => (holds ? 'holds' : 'missed')
  const timed = (holds: boolean): Verdict => (loaded ? 'loaded machine' : verdict(holds))
  const kib = bundle.mcp.gzipBytes / 1024
  return [
    {
      aim: 'stateless listTodos at most 1.5 × bare, p50',
      measured: `${ratios.statelessCall.toFixed(2)} ×`,
      verdict: timed(ratios.statelessCall <= 1.5),
    },
    {
      aim: 'stateful listTodos at most 2 × bare, p50',
      measured: `${ratios.statefulCall.toFixed(2)} ×`,
      verdict: timed(ratios.statefulCall <= 2),
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
