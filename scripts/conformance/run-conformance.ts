import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readChecks } from './checks.ts'
import { judgeScenario, type Verdict } from './judge.ts'
import { REASONS } from './reasons.ts'
import { runAuthorization, runRequirements } from './run-suite.ts'
import type { System } from './start-system.ts'
import { readRequirements, type Revision, REVISIONS, type Suite } from './suite.ts'

export interface Run {
  /** A revision, or the command that tests the authorization server. */
  readonly name: Revision | 'authorization'
  readonly verdicts: readonly Verdict[]
}

const AUTHORIZATION = ['authorization-server-metadata-endpoint', 'authorization-code-grant']

/** Runs all of the suite's server scenarios and judges the stored results. `folder` keeps the evidence. */
export async function runConformance(
  suite: Suite,
  { origin, freePort }: System,
  folder: string,
): Promise<readonly Run[]> {
  const folderOf = (name: Run['name']) => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const ofRevisions = REVISIONS.map(async (revision): Promise<Run> => {
    const stored = folderOf(revision)
    await runRequirements(suite, origin, revision, stored)
    const checks = readChecks(stored)
    const { scored, notScored } = readRequirements(suite, revision)
    const judge = (isScored: boolean) => (scenario: string) =>
      judgeScenario(scenario, checks.get(scenario), isScored, REASONS[revision])
    return {
      name: revision,
      verdicts: [...scored.map(judge(true)), ...[...notScored.keys()].map(judge(false))],
    }
  })
  const authorization = async (): Promise<Run> => {
    const stored = folderOf('authorization')
    await runAuthorization(suite, origin, freePort, stored)
    const checks = readChecks(stored)
    const verdicts = AUTHORIZATION.map((scenario) =>
      judgeScenario(scenario, checks.get(scenario), true, REASONS.authorization),
    )
    return { name: 'authorization', verdicts }
  }
  return Promise.all([...ofRevisions, authorization()])
}
