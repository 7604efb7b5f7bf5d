import { randomUUID } from 'node:crypto'

/** Somebody who signs in at the stand-in. */
export interface Person {
  readonly username: string
  readonly password: string
  readonly email: string
  /** A new person registers at their first sign-in, on the stand-in's own form. */
  isRegistered: boolean
}

const seeded = (username: string): Person => ({
  username,
  password: 'demo',
  email: `${username}@example.com`,
  isRegistered: true,
})

/** Who comes with the stand-in. A story that changes something takes newPerson(), so that no other story notices. */
export const ada = seeded('ada')
export const bob = seeded('bob')
/** In the group of the operators. */
export const grace = seeded('grace')

export function newPerson(name = 'person'): Person {
  const username = `${name}-${randomUUID().slice(0, 8)}`
  return { username, password: randomUUID(), email: `${username}@example.com`, isRegistered: false }
}
