/** An idempotent call did not answer before its deadline. */
export class TimeoutError extends Error {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`)
    this.name = 'TimeoutError'
  }
}

/** Retries an idempotent call once; never after a timeout or overload. The deadline applies to each attempt. */
export async function retryOnce<T>(deadlineMs: number, call: () => Promise<T>): Promise<T> {
  try {
    return await within(deadlineMs, call())
  } catch (error) {
    if (error instanceof TimeoutError || isOverloaded(error)) throw error
    return within(deadlineMs, call())
  }
}

/** The work, or a TimeoutError. */
export async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new TimeoutError(deadlineMs)), deadlineMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The platform marks errors that must not be retried. */
const isOverloaded = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true
