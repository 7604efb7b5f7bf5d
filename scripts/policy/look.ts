import { table } from '#harness/table.ts'
import { operateRoutes } from '#operate/api-schema.ts'
import { policyRoutes, type PolicyState } from '#operate/policy-schema.ts'
import { PolicyDocument } from '#policy/document.ts'
import { userLabel } from '../audit/users.ts'
import type { Operator } from '../operate/operator.ts'
import { NotDone, shown, shownJson, type Terminal } from '../operate/terminal.ts'
import { documentOf } from './change.ts'
import { changesBetween } from './changes.ts'
import { readPolicyFile } from './files.ts'
import type { RemoteCommand } from './remote.ts'

/** What is in force, what waits, and every change. */
export async function history(
  { isJson }: RemoteCommand,
  operator: Operator,
  { print }: Terminal,
): Promise<number> {
  const state = await operator.send(policyRoutes.state)
  if (isJson) print(shownJson(state))
  else for (const line of await stateLines(state, operator)) print(line)
  return 0
}

async function stateLines(state: PolicyState, operator: Operator): Promise<string[]> {
  const { inForce, pending, history: entries, changes, carried } = state
  const ids = [pending?.by, ...entries.flatMap(({ by, confirmedBy }) => [by, confirmedBy])]
  const names = await namesOf(new Set(ids.filter((id) => typeof id === 'string')), operator)
  const nameOf = (id: string | null) => (id === null ? '-' : shown(names.get(id) ?? id))
  const rows = entries.map((entry) => [
    entry.at,
    entry.hash,
    entry.how,
    nameOf(entry.by),
    nameOf(entry.confirmedBy),
    entry.act ?? '-',
  ])
  return [
    `in force    ${inForce ?? 'none: every request of a client gets 503'}`,
    `changes     ${changes}`,
    `deployment  policy/${carried.name}.jsonc, ${carriedText(carried)}`,
    ...(pending === null
      ? ['waits       nothing']
      : [
          `waits       ${pending.hash}, proposed ${pending.at} by ${pending.by === null ? 'a deployment' : nameOf(pending.by)}`,
          ...pending.widens.map((sentence) => `  widens: ${shown(sentence)}`),
        ]),
    '',
    table(['since', 'hash', 'how', 'by', 'confirmed by', 'act'], rows),
  ]
}

const carriedText = ({ hash, isAdopted }: PolicyState['carried']): string => {
  if (hash === null) return 'which is not valid (log event policy.not-adopted)'
  return isAdopted ? hash : `${hash}, which was not adopted (log event policy.not-adopted)`
}

/** Names of editors whom the directory still knows. */
async function namesOf(ids: ReadonlySet<string>, operator: Operator): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  for (const id of ids) {
    const { users } = await operator.send(operateRoutes.users, { query: { id } })
    const label = users[0] === undefined ? null : userLabel(users[0])
    if (label !== null) names.set(id, label)
  }
  return names
}

/** Compares the policy in force with a file of the repository, and with what the server offers. The exit code of drift is 1. */
export async function drift(
  { argument, isJson }: RemoteCommand,
  operator: Operator,
  { print }: Terminal,
): Promise<number> {
  const { inForce, carried } = await operator.send(policyRoutes.state)
  if (inForce === null)
    throw new NotDone('No policy is in force: the document of the deployment is not valid.')
  const { shown: file, read } = await readPolicyFile(argument === '' ? carried.name : argument)
  if (!read.ok) throw new NotDone(`${file} is not valid: ${read.error.map(shown).join('; ')}`)
  const { hash: ofFile } = read.value.policy
  const known = PolicyDocument.parse(JSON.parse(await documentOf(operator, inForce)))
  const changes = ofFile === inForce ? [] : changesBetween(known, read.value.document)
  const { problems } = await operator.send(policyRoutes.preview, { body: { hash: inForce } })
  const isDeployed = argument !== '' || carried.hash === ofFile
  const hasDrift = ofFile !== inForce || problems.length > 0 || !isDeployed
  if (isJson)
    print(shownJson({ file, inForce, hashOfFile: ofFile, deployed: carried.hash, changes, problems }))
  else {
    print(
      ofFile === inForce
        ? `${file} is in force: ${inForce}`
        : [`${file} (${ofFile}) is not what is in force (${inForce}).`, 'It would change:']
            .concat(changes.map((line) => `  ${shown(line)}`))
            .join('\n'),
    )
    if (!isDeployed)
      print(`The deployment carries another document: ${carried.hash ?? 'one that is not valid'}`)
    for (const problem of problems) print(`In force, and not what the server offers: ${shown(problem)}`)
  }
  return hasDrift ? 1 : 0
}
