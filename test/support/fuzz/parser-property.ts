import fc from 'fast-check'

/** Something that holds of a parser whatever comes in. It throws where it does not hold. */
export interface ParserProperty {
  name: string
  check: fc.IRawProperty<unknown>
}

/** An expectation without a test runner, so that the same list runs under one and without. */
export function mustHold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

export const propertyOf = <T>(
  name: string,
  given: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): ParserProperty => ({
  name,
  // Fields of a property that run before each case are not used here, so its type is of no interest to the list.
  check: fc.asyncProperty(given, async (value) => holds(value)),
})
