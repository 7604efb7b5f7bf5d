import { type Notice, notices } from './pages/words.ts'
import type { Account, MappedClaims } from './store.ts'
import { randomText, sha256 } from './random.ts'
import type { Store } from './store.ts'
import { base64url } from 'jose'

/** The password of the seed users. */
const demoPassword = 'demo'

const seeds: readonly Account[] = [
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0001', 'ada', 'Ada', 'Lovelace'),
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0002', 'bob', 'Bob', 'Kahn'),
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0003', 'grace', 'Grace', 'Hopper'),
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0004', 'alan', 'Alan', 'Turing'),
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0005', 'edsger', 'Edsger', 'Dijkstra'),
  seed('3d1e0a6c-5f3a-4c39-9a55-0a0d1c8a0006', 'mary', 'Mary', 'Shaw'),
]

const seedGroups: ReadonlyMap<string, readonly string[]> = new Map([
  ['grace', ['mcp-operators', 'mcp-policy-editors']],
  ['alan', ['mcp-approvers']],
  ['edsger', ['finance', 'mcp-policy-editors']],
  ['mary', ['mcp-auditors']],
])

function seed(id: string, username: string, givenName: string, familyName: string): Account {
  const name = `${givenName} ${familyName}`
  return {
    id,
    username,
    email: `${username}@example.com`,
    name,
    givenName,
    familyName,
    password: undefined,
  }
}

export const seedUsernames: readonly string[] = seeds.map(({ username }) => username)

/** A seed user is stored only after a change. */
export const findAccount = (store: Store, username: string): Account | undefined =>
  store.accounts.get(username) ?? seeds.find((account) => account.username === username)

/** The groups that the control API gave a user, else those of a seed user. */
export const groupsOf = (store: Store, username: string): readonly string[] =>
  store.groups.get(username) ?? seedGroups.get(username) ?? []

/** The claims that the control API gave a user. */
export const claimsOf = (store: Store, username: string): MappedClaims => store.claims.get(username) ?? {}

/** Everyone who has groups or lost them, by username. */
export const allGroups = (store: Store): Record<string, readonly string[]> =>
  Object.fromEntries([...seedGroups, ...store.groups.all()])

/** Usernames are case-insensitive. */
export const normalUsername = (text: string): string => text.trim().toLowerCase()

/** The account, if the password is right. */
export async function checkPassword(
  store: Store,
  username: string,
  password: string,
): Promise<Account | undefined> {
  const account = findAccount(store, normalUsername(username))
  if (account === undefined) return undefined
  const { password: kept } = account
  const isTheirs =
    kept === undefined ? password === demoPassword : (await hash(password, kept.salt)) === kept.hash
  return isTheirs ? account : undefined
}

/** The notice that the page shows for invalid input. */
export function accountFormError(username: string, email: string, password: string): Notice | undefined {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(normalUsername(username))) return notices.badUsername
  if (!/^[^\s@]{1,64}@[^\s@]{1,190}$/.test(email)) return notices.badEmail
  return password.length < 4 || password.length > 200 ? notices.badPassword : undefined
}

/** Creates an account; undefined if the username is taken. */
export async function register(
  store: Store,
  username: string,
  email: string,
  password: string,
): Promise<Account | undefined> {
  const secured = await saltAndHash(password)
  const name = normalUsername(username)
  if (findAccount(store, name)) return undefined
  const id = crypto.randomUUID()
  const account = { id, username: name, email, name, givenName: undefined, familyName: undefined }
  const stored: Account = { ...account, password: secured }
  store.accounts.put(name, stored)
  return stored
}

/** Sets a new password. The e-mail address replaces the recovery code that PingOne would send. */
export async function resetPassword(
  store: Store,
  username: string,
  email: string,
  password: string,
): Promise<boolean> {
  const secured = await saltAndHash(password)
  const account = findAccount(store, normalUsername(username))
  if (account?.email.toLowerCase() !== email.toLowerCase()) return false
  store.accounts.put(account.username, { ...account, password: secured })
  return true
}

async function saltAndHash(password: string): Promise<{ salt: string; hash: string }> {
  const salt = randomText()
  return { salt, hash: await hash(password, salt) }
}

/** Salted, because users may type real passwords. A slow hash is not needed for local data. */
const hash = async (password: string, salt: string): Promise<string> =>
  base64url.encode(await sha256(`${salt}:${password}`))
