import { z } from 'zod'

// RFC 6749 §3.3: one scope has no space, quote or backslash.
const scope = (name: string) =>
  z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/)
    .default(name)
const isLoopback = (hostname: string) => hostname === 'localhost' || hostname === '127.0.0.1'

/** Keys over plain http can be replaced on the way, so only this machine may serve them. */
const issuer = z.string().refine((text) => {
  if (!URL.canParse(text) || text.endsWith('/')) return false
  const { protocol, hostname, search, hash } = new URL(text)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
  return isSafe && search === '' && hash === ''
})

const Settings = z.object({
  PINGONE_ISSUER: issuer,
  API_IDENTIFIER: z.string().min(1),
  API_SCOPE_NOTES_READ: scope('notes:read'),
  API_SCOPE_NOTES_WRITE: scope('notes:write'),
  API_SCOPE_NOTES_DELETE: scope('notes:delete'),
})

export interface Settings {
  readonly issuer: string
  readonly audience: string
  /** PingOne's name of the scope that each action needs. */
  readonly scopes: Readonly<Record<'read' | 'write' | 'delete', string>>
}

/** Null: a setting is missing or wrong. */
export function readSettings(env: unknown): Settings | null {
  const read = Settings.safeParse(env)
  if (!read.success) return null
  return {
    issuer: read.data.PINGONE_ISSUER,
    audience: read.data.API_IDENTIFIER,
    scopes: {
      read: read.data.API_SCOPE_NOTES_READ,
      write: read.data.API_SCOPE_NOTES_WRITE,
      delete: read.data.API_SCOPE_NOTES_DELETE,
    },
  }
}

const RunId = z.object({ RUN_ID: z.string() })

/** `npm start` waits until this run answers. */
export const runIdOf = (env: unknown): string | null => RunId.safeParse(env).data?.RUN_ID ?? null
