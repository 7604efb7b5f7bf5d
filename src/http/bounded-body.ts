import { readBounded, TooLargeError } from '../lib/bounded-fetch.ts'
import { err, ok, type Result } from '../lib/result.ts'

/** What a route takes: one media type, and so many bytes. */
export interface BodyLimit {
  type: 'application/x-www-form-urlencoded' | 'application/json'
  maxBytes: number
}

/** Why a body was not read. It was let go of: nobody else can read it either. */
export type BodyProblem = 'type' | 'size'

/**
 * The only way to a request's body. What is no body of this route is refused before a byte of it is read: another media
 * type, or a length above the limit. A length that was not declared is found out while reading, and no later.
 */
export async function readBody(
  request: Request,
  { type, maxBytes }: BodyLimit,
): Promise<Result<Uint8Array<ArrayBuffer>, BodyProblem>> {
  const [given = ''] = (request.headers.get('Content-Type') ?? '').split(';')
  if (given.trim().toLowerCase() !== type) return refuse(request, 'type')
  if (Number(request.headers.get('Content-Length') ?? '0') > maxBytes) return refuse(request, 'size')
  try {
    return ok(await readBounded(request.body, maxBytes))
  } catch (error) {
    if (error instanceof TooLargeError) return err('size')
    throw error
  }
}

/** Tells the sender that nobody will read on: what is not taken is not to be sent to its end. */
export async function letGoOfBody({ body, bodyUsed }: Request): Promise<void> {
  // A locked one is another reader's to end.
  if (body !== null && !bodyUsed && !body.locked) await body.cancel()
}

async function refuse(request: Request, problem: BodyProblem) {
  await letGoOfBody(request)
  return err(problem)
}
