import { table } from '#harness/table.ts'
import type { ActionCost, Units } from './measure-costs.ts'

/** List prices of the Workers Paid plan beyond what it includes, in dollars: docs/operate/cost.md has the sources. */
const PRICES: Readonly<Partial<Record<keyof Units, number>>> = {
  requests: 0.3e-6,
  objectRequests: 0.15e-6,
  alarms: 0.15e-6,
  webSocketMessages: 0.15e-6 / 20,
  objectReads: 0.001e-6,
  objectWrites: 1e-6,
  d1Reads: 0.001e-6,
  d1Writes: 1e-6,
  kvReads: 0.5e-6,
  kvWrites: 5e-6,
  // By the gigabyte.
  lineBytes: 0.25e-9,
}

const costOf = (units: Units): number =>
  Object.entries(PRICES).reduce((total, [name, price]) => {
    const count = new Map(Object.entries(units)).get(name) ?? 0
    return total + count * price
  }, 0)

const one = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1 })

/** The table of docs/operate/cost.md. */
export const renderCosts = (costs: readonly ActionCost[]): string =>
  table(
    [
      'one',
      'requests',
      'object requests, alarms',
      'object rows read, written',
      'D1 requests',
      'D1 rows read, written',
      'KV reads, writes',
      'log lines, bytes',
      '$ for 1,000',
    ],
    costs.map(({ name, units }) => [
      name,
      one(units.requests),
      `${one(units.objectRequests)}, ${one(units.alarms)}`,
      `${one(units.objectReads)}, ${one(units.objectWrites)}`,
      one(units.d1Requests),
      `${one(units.d1Reads)}, ${one(units.d1Writes)}`,
      `${one(units.kvReads)}, ${one(units.kvWrites)}`,
      `${one(units.lines)}, ${one(units.lineBytes)}`,
      (costOf(units) * 1000).toFixed(4),
    ]),
  )
