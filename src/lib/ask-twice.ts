/** What a platform's promise does not do by itself: come to an end. */
export class LateError extends Error {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`)
    this.name = 'LateError'
  }
}

/**
 * A message to a binding that bears being sent twice: once more where its answer was lost, and not at all where it is
 * late, or the platform asks for less. Who asks then hears of an outage, while its own client still listens.
 */
export async function askTwice<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
  try {
    return await within(deadlineMs, ask())
  } catch (error) {
    if (error instanceof LateError || isOverloaded(error)) throw error
    return within(deadlineMs, ask())
  }
}

async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new LateError(deadlineMs)), deadlineMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The platform asks not to be asked again. */
const isOverloaded = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true
