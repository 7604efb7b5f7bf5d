import fc from 'fast-check'

/** A property of a parser for any input. It throws when violated. */
export interface ParserProperty {
  name: string
  check: fc.IRawProperty<unknown>
}

/** An assertion without a test runner, so that the list also runs outside one. */
export function mustHold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

export const propertyOf = <T>(
  name: string,
  given: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): ParserProperty => ({
  name,
  // Hooks before each case are unused here, so the type omits them.
  check: fc.asyncProperty(given, async (value) => holds(value)),
})
