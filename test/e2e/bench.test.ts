import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judge } from '../../scripts/bench/aims.ts'
import { hangUp } from '../../scripts/bench/exchange.ts'
import { renderReport } from '../../scripts/bench/report.ts'
import { runBench } from '../../scripts/bench/run-bench.ts'
import { startServers } from '../../scripts/bench/servers.ts'

const EFFORT = { warmUp: 0, rounds: 2, perRound: 2, throughputRounds: 1, throughputMs: 50 }

test('a bench of few requests has every figure, and asks PingOne as seldom as it should', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bench-'))
  await using everything = new AsyncDisposableStack()
  everything.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const servers = everything.use(await startServers(folder))
  everything.defer(hangUp)

  const ran = await runBench(servers, EFFORT, new AbortController().signal)

  const figures = { ...ran, state: 'disk', startupMs: 1 } as const
  expect(figures.pingone).toMatchObject({
    firstLogin: { discovery: 1, jwks: 1, token: 1 },
    nextLogin: { token: 1 },
    calls: {},
  })
  expect(figures.latency.statefulCall.samples).toBe(4)
  expect(renderReport(figures, judge(figures))).not.toContain('NaN')
}, 60_000)
