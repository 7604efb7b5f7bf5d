import { randomUUID } from 'node:crypto'

/** Somebody who signs in at the emulator. */
export interface User {
  readonly username: string
  readonly password: string
  readonly email: string
  /** A new user registers at their first sign-in, on the emulator's own form. */
  isRegistered: boolean
}

const seeded = (username: string): User => ({
  username,
  password: 'demo',
  email: `${username}@example.com`,
  isRegistered: true,
})

/** Who comes with the emulator. A story that changes something takes newUser(), so that no other story notices. */
export const ada = seeded('ada')
export const bob = seeded('bob')
/** In the group of the operators. */
export const grace = seeded('grace')

export function newUser(name = 'user'): User {
  const username = `${name}-${randomUUID().slice(0, 8)}`
  return { username, password: randomUUID(), email: `${username}@example.com`, isRegistered: false }
}
