import type { Effect, PolicyDocument, Rule } from './document.ts'
import { coversScope, type RuleScope, scopeOf } from './rule-scope.ts'

/**
 * What a change lets through, one sentence each. Sound: if it is empty, nothing that `before` denied or hid is allowed or
 * listed by `after`. It compares rules and does not prove anything about conditions, so it may name a change that widens nothing.
 */
export function widens(before: PolicyDocument, after: PolicyDocument): string[] {
  return [
    ...defaultWidens(before, after),
    ...connectingWidens(before, after),
    ...blocksLost(before, after),
    ...allowsGained(before, after),
    ...claimsWiden(before, after),
  ]
}

function defaultWidens(before: PolicyDocument, after: PolicyDocument): string[] {
  return after.default === 'allow' && before.default !== 'allow'
    ? [`Where no rule matches, everything is allowed now (default: ${before.default} becomes allow).`]
    : []
}

/** Once a rule says who may connect, nobody else may; without such a rule everyone may. */
function connectingWidens(before: PolicyDocument, after: PolicyDocument): string[] {
  return saysWhoConnects(before) && !saysWhoConnects(after)
    ? ['Everyone may connect: no enforced rule of kind server allows any more.']
    : []
}

/** Rules that hid, denied or asked for approval, and for which no rule of the new document does the same. */
function blocksLost(before: PolicyDocument, after: PolicyDocument): string[] {
  const kept = enforced(after, isBlocking)
  return enforced(before, isBlocking)
    .filter((block) => !kept.some((other) => blocksAll(other, block)))
    .map(({ rule }) => {
      const now = after.rules.find(({ id }) => id === rule.id)
      const what = `Rule ${rule.id}, which ${VERBS[rule.effect]}`
      if (now === undefined) return `${what}, is gone.`
      if (now.mode === 'shadow') return `${what}, is no longer enforced.`
      return `${what}, may match less than before.`
    })
}

/** Rules that allow something which was not allowed, or not obviously. */
function allowsGained(before: PolicyDocument, after: PolicyDocument): string[] {
  const known = enforced(before, isAllowing)
  return enforced(after, isAllowing)
    .filter(({ kinds }) => {
      const isServer = kinds.includes('server')
      return isServer ? saysWhoConnects(before) : before.default !== 'allow'
    })
    .filter((allow) => !known.some((other) => allowsAll(other, allow)))
    .map(({ rule }) => {
      const was = before.rules.find(({ id }) => id === rule.id)
      return was?.effect === 'allow' && was.mode === 'enforce'
        ? `Rule ${rule.id}, which allows, may match more than before.`
        : `Rule ${rule.id} allows more: ${rule.says}`
    })
}

function claimsWiden(before: PolicyDocument, after: PolicyDocument): string[] {
  return after.claimsMaxAgeSeconds > before.claimsMaxAgeSeconds
    ? [
        `Groups and claims count for ${after.claimsMaxAgeSeconds} seconds, before for ${before.claimsMaxAgeSeconds}.`,
      ]
    : []
}

/** Whether a rule blocks in a list and in a call whatever another one blocks. A list decides more of what hides. */
function blocksAll(wide: RuleScope, narrow: RuleScope): boolean {
  if (!coversScope(wide, narrow)) return false
  if (wide.rule.if === undefined) return true
  return wide.rule.if === narrow.rule.if && (wide.rule.effect === 'hide' || narrow.rule.effect !== 'hide')
}

const allowsAll = (wide: RuleScope, narrow: RuleScope): boolean =>
  coversScope(wide, narrow) && (wide.rule.if === undefined || wide.rule.if === narrow.rule.if)

const VERBS: Readonly<Record<Effect, string>> = {
  hide: 'hides',
  deny: 'denies',
  approve: 'asks for an approval',
  allow: 'allows',
}

const isAllowing = ({ effect }: Rule): boolean => effect === 'allow'
const isBlocking = ({ effect }: Rule): boolean => effect !== 'allow'

const enforced = ({ rules }: PolicyDocument, isMeant: (rule: Rule) => boolean): RuleScope[] =>
  rules.filter((rule) => rule.mode === 'enforce' && isMeant(rule)).map(scopeOf)

const saysWhoConnects = ({ rules }: PolicyDocument): boolean =>
  rules.some(({ what, effect, mode }) => what.kind === 'server' && effect === 'allow' && mode === 'enforce')
