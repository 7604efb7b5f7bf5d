import type { Bundle } from './bundle.ts'
import type { CaseName, PerCase } from './cases.ts'
import type { Ends } from './ends.ts'
import type { ManyUsers } from './many-users.ts'
import type { Latency } from './measure.ts'
import type { OneUser } from './one-user.ts'
import type { PingOneRequests } from './pingone-requests.ts'

/** The results of one run. Times are those of a local workerd; only their ratios are comparable across machines. */
export interface Figures {
  readonly where: 'local workerd'
  /** The storage folder of the Workers. */
  readonly state: 'memory' | 'disk'
  readonly cores: number
  readonly latency: PerCase<Latency>
  /** Ratio of the case to the bare Worker: the median over the rounds. */
  readonly ratios: Readonly<Record<RatioName, number>>
  readonly throughput: Readonly<Record<string, number>>
  readonly manyUsers: ManyUsers
  readonly oneUser: OneUser
  readonly ends: Ends
  readonly pingone: {
    readonly firstLogin: PingOneRequests
    readonly nextLogin: PingOneRequests
    readonly calls: PingOneRequests
    readonly callsMade: number
  }
  readonly bundle: Readonly<Record<'mcp' | 'bare', Pick<Bundle, 'bytes' | 'gzipBytes'>>>
  readonly startupMs: number
}

export type RatioName = Exclude<CaseName, 'api' | 'bareCall' | 'bareList'>
