import { randomUUID } from 'node:crypto'
import { PolicyDocument } from '#policy/document.ts'
import {
  type PolicyChange,
  type PolicyPreview,
  policyRoutes,
  type PolicyState,
} from '#operate/policy-schema.ts'
import type { Operator } from '../operate/operator.ts'
import { NOT_EVERYWHERE } from '../operate/switches.ts'
import { confirm, NotDone, shown, shownJson, type Terminal } from '../operate/terminal.ts'
import { changesBetween } from './changes.ts'
import { readPolicyFile } from './files.ts'
import type { RemoteCommand } from './remote.ts'

/** Proposes the document of a file. Prints what it changes before it asks. */
export async function apply(command: RemoteCommand, operator: Operator, terminal: Terminal): Promise<number> {
  const { shown: file, read } = await readPolicyFile(command.argument)
  if (!read.ok) {
    for (const problem of read.error) terminal.say(`${file}: ${shown(problem)}`)
    throw new NotDone('The document is not valid. Nothing was sent.')
  }
  const { text: document } = read.value
  const state = await stateOf(operator)
  const preview = await operator.send(policyRoutes.preview, { body: { document } })
  const { act, base } = await begin(command, state, { preview, document }, operator, terminal)
  const body = { act, document, base, reason: command.reason }
  return tell(command, await operator.send(policyRoutes.apply, { body }), terminal)
}

/** Proposes a document of the history. */
export async function rollBack(
  command: RemoteCommand,
  operator: Operator,
  terminal: Terminal,
): Promise<number> {
  const state = await stateOf(operator)
  const hash = hashIn(
    command.argument,
    state.history.map((entry) => entry.hash),
  )
  const document = await documentOf(operator, hash)
  const preview = await operator.send(policyRoutes.preview, { body: { hash } })
  const { act, base } = await begin(command, state, { preview, document }, operator, terminal)
  const body = { act, hash, base, reason: command.reason }
  return tell(command, await operator.send(policyRoutes.rollback, { body }), terminal)
}

/** Puts in force what another editor proposed. Prints the whole change, which is what this editor answers for. */
export async function confirmPending(
  command: RemoteCommand,
  operator: Operator,
  terminal: Terminal,
): Promise<number> {
  const state = await stateOf(operator)
  const hash = pendingIn(state, command.argument)
  const document = await documentOf(operator, hash)
  const preview = await operator.send(policyRoutes.preview, { body: { hash } })
  terminal.say(`Proposed ${state.pending?.at ?? ''} by ${state.pending?.by ?? 'a deployment'}.`)
  const shownChange = { preview: { ...preview, needsSecondEditor: false }, document }
  const { act } = await begin(command, state, shownChange, operator, terminal)
  const body = { act, hash, reason: command.reason }
  return tell(command, await operator.send(policyRoutes.confirm, { body }), terminal)
}

/** Forgets what waits. Nothing in force changes. */
export async function drop(command: RemoteCommand, operator: Operator, terminal: Terminal): Promise<number> {
  const hash = pendingIn(await stateOf(operator), command.argument)
  const body = { act: randomUUID(), hash, reason: command.reason }
  return tell(command, await operator.send(policyRoutes.drop, { body }), terminal)
}

type StateInForce = PolicyState & { inForce: string }

async function stateOf(operator: Operator): Promise<StateInForce> {
  const state = await operator.send(policyRoutes.state)
  const { inForce } = state
  if (inForce === null)
    throw new NotDone(
      'No policy is in force: the document of the deployment is not valid. Correct it and deploy again.',
    )
  return { ...state, inForce }
}

/** Canonical JSON. */
export const documentOf = async (operator: Operator, hash: string): Promise<string> =>
  (await operator.send(policyRoutes.document, { parameters: { hash } })).document

const SHORTEST = 6

/** The one hash that begins like this. */
function hashIn(given: string, hashes: readonly string[]): string {
  const fitting = [...new Set(hashes)].filter((hash) => hash.startsWith(given))
  const [hash] = fitting
  if (hash === undefined || fitting.length > 1 || given.length < SHORTEST)
    throw new NotDone(
      `${fitting.length === 0 ? 'No' : 'Not exactly one'} document of the history is ${shown(given)}. npm run policy -- history lists them; ${SHORTEST} characters are enough if they are unique.`,
    )
  return hash
}

function pendingIn({ pending }: PolicyState, given: string): string {
  if (pending === null) throw new NotDone('Nothing waits for a second editor.')
  if (pending.hash.startsWith(given) && given.length >= SHORTEST) return pending.hash
  throw new NotDone(`What waits is ${pending.hash}, and not ${shown(given)}.`)
}

/** Says what changes and what widens, and asks. Nothing has been changed yet. */
async function begin(
  { isConfirmed }: RemoteCommand,
  { inForce, pending }: StateInForce,
  { preview, document }: { preview: PolicyPreview; document: string },
  operator: Operator,
  terminal: Terminal,
): Promise<{ act: string; base: string }> {
  const { say } = terminal
  const { hash, problems, widens, needsSecondEditor } = preview
  const before = PolicyDocument.parse(JSON.parse(await documentOf(operator, inForce)))
  const changes = changesBetween(before, PolicyDocument.parse(JSON.parse(document)))
  say(`In force: ${inForce}\nProposed: ${hash}`)
  say(changes.length === 0 ? 'Nothing changes.' : changes.map(shown).join('\n'))
  for (const sentence of widens) say(`It widens access: ${shown(sentence)}`)
  for (const problem of problems) say(`It does not fit what the server offers: ${shown(problem)}`)
  if (needsSecondEditor) say('Another editor must confirm it: until then the policy in force stays.')
  if (needsSecondEditor && pending !== null && pending.hash !== hash)
    say(`It replaces ${pending.hash}, which waits for a second editor.`)
  say('Which users and tools it affects is not computed: npm run policy -- explain answers for one.')
  if (!isConfirmed)
    await confirm(terminal, 'the first characters of the proposed hash', hash.slice(0, SHORTEST))
  return { act: randomUUID(), base: inForce }
}

/** Prints what came of it. The exit code is 1 if it is not everywhere yet. */
function tell({ isJson }: RemoteCommand, change: PolicyChange, { print, say }: Terminal): number {
  print(isJson ? shownJson(change) : sentenceOf(change))
  if (change.outcome !== 'not-everywhere') return 0
  say(NOT_EVERYWHERE)
  return 1
}

function sentenceOf({ outcome, hash, act }: PolicyChange): string {
  switch (outcome) {
    case 'in-force':
      return `In force: ${hash}. Every copy has it, and isolates follow within seconds. Act ${act}`
    case 'pending':
      return `Waits for a second editor: npm run policy -- confirm ${hash} --reason … Act ${act}`
    case 'unchanged':
      return `It was in force before: ${hash}. Act ${act}`
    case 'dropped':
      return `Dropped: ${hash}. Act ${act}`
    case 'not-everywhere':
      return `Stored: ${hash}. Act ${act}`
    default:
      return outcome satisfies never
  }
}
