import { randomUUID } from 'node:crypto'

/** A user of the emulator. */
export interface User {
  readonly username: string
  readonly password: string
  readonly email: string
  /** A new user registers at the first sign-in, on the emulator's form. */
  isRegistered: boolean
}

const seeded = (username: string): User => ({
  username,
  password: 'demo',
  email: `${username}@example.com`,
  isRegistered: true,
})

/** The emulator's predefined users. A story that changes data uses newUser() to stay isolated. */
export const ada = seeded('ada')
export const bob = seeded('bob')
/** A member of the groups mcp-operators and mcp-policy-editors. */
export const grace = seeded('grace')
/** A member of the group mcp-auditors. */
export const mary = seeded('mary')
/** A member of the group mcp-approvers. */
export const alan = seeded('alan')
/** A member of the groups finance and mcp-policy-editors. */
export const edsger = seeded('edsger')

export function newUser(name = 'user'): User {
  const username = `${name}-${randomUUID().slice(0, 8)}`
  return { username, password: randomUUID(), email: `${username}@example.com`, isRegistered: false }
}
