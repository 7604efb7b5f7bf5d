import { readBounded, TooLargeError } from '#lib/bounded-fetch.ts'
import { err, ok, type Result } from '#lib/result.ts'

/** The media type and size that a route accepts. */
export interface BodyLimit {
  type: 'application/x-www-form-urlencoded' | 'application/json'
  maxBytes: number
}

/** Why a body was not read. It is cancelled, so nobody else can read it either. */
export type BodyProblem = 'type' | 'size'

/**
 * The only way to a request's body. Another media type, or a declared length above the limit, is refused before a byte
 * is read. An undeclared length is counted while reading.
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

/** Cancels the body, so that the sender stops. */
export async function letGoOfBody({ body, bodyUsed }: Request): Promise<void> {
  // A locked body belongs to another reader.
  if (body !== null && !bodyUsed && !body.locked) await body.cancel()
}

async function refuse(request: Request, problem: BodyProblem) {
  await letGoOfBody(request)
  return err(problem)
}
