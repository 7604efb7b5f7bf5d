import type { Given, RefreshFamily } from './records.ts'
import { randomText } from './random.ts'
import type { Store } from './store.ts'
import type { Visit } from './visit.ts'

/** How long a family can live however often it is rotated (PingOne's default, 180 days). */
const familySeconds = 15_552_000

/** A new family for what a user has given; `undefined` token: PingOne would give none. */
export function startFamily(visit: Visit, given: Given): { familyId: string; token: string } | undefined {
  const { store, switches, nowSeconds } = visit
  if (switches.refreshTokens === 'none') return undefined
  if (switches.offlineAccess && !given.scopes.includes('offline_access')) return undefined
  const id = crypto.randomUUID()
  store.families.put(id, { id, given, createdSeconds: nowSeconds, rotations: 0, endedBecause: undefined })
  return { familyId: id, token: addToken(visit, id, nowSeconds) }
}

/** Trades a used token of a living family for the next one. */
export function rotate(visit: Visit, family: RefreshFamily, presented: string): string {
  const { store, nowSeconds } = visit
  const token = store.refreshTokens.get(presented)
  if (token)
    store.refreshTokens.put(presented, { ...token, usedAtSeconds: token.usedAtSeconds ?? nowSeconds })
  store.families.put(family.id, { ...family, rotations: family.rotations + 1 })
  return addToken(visit, family.id, family.createdSeconds)
}

function addToken({ store, switches, nowSeconds }: Visit, familyId: string, createdSeconds: number): string {
  const token = randomText()
  const expiresAtSeconds = Math.min(nowSeconds + switches.refreshTokenSeconds, createdSeconds + familySeconds)
  store.refreshTokens.put(token, { familyId, expiresAtSeconds, usedAtSeconds: undefined })
  return token
}

/** Ends one family; the first reason stays. */
export function endFamily(
  store: Store,
  id: string,
  because: NonNullable<RefreshFamily['endedBecause']>,
): void {
  const family = store.families.get(id)
  if (family && family.endedBecause === undefined)
    store.families.put(id, { ...family, endedBecause: because })
}

export function endFamilies(
  store: Store,
  because: NonNullable<RefreshFamily['endedBecause']>,
  isMeant: (family: RefreshFamily) => boolean,
): void {
  for (const [id, family] of store.families.all()) if (isMeant(family)) endFamily(store, id, because)
}
