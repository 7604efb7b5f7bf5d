/** An expected "no" is a value, never an exception. Bugs and outages are exceptions, never a Result. */
export type Result<T, E> = Ok<T> | Err<E>
export interface Ok<T> {
  ok: true
  value: T
}
export interface Err<E> {
  ok: false
  error: E
}

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value })

export const err = <E>(error: E): Err<E> => ({ ok: false, error })
