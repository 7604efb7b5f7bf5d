import { AuditEvent } from '#events/event.ts'

/** What verification needs of a body. */
export interface ReadEvent {
  id: string | undefined
  user: string | undefined
  follows?: { epoch: number; seq: number; hash: string } | null | undefined
  /** Names of fields, never values. */
  fault?: string
}

/** Reads a stored body, which may be anything. */
export function readEvent(body: string): ReadEvent {
  const json = parsed(body)
  const event = AuditEvent.safeParse(json)
  if (event.success) {
    const { id, user } = event.data
    return event.data.type === 'chain.opened' ? { id, user, follows: event.data.previous } : { id, user }
  }
  const fields = event.error.issues.map(({ path }) => path.join('.') || 'the whole body')
  return { id: textIn(json, 'id'), user: textIn(json, 'user'), fault: [...new Set(fields)].join(', ') }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const textIn = (json: unknown, name: string): string | undefined => {
  if (typeof json !== 'object' || json === null || !(name in json)) return undefined
  const value: unknown = Object.entries(json).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : undefined
}
