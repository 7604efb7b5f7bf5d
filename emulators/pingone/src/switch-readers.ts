import { faultableEndpoints, faultNames, type FaultName, type Faults } from './fault-names.ts'

export type ReadResult<T> = { ok: true; value: T } | { ok: false; expected: string }

/** Checks one switch's new value. `shown` says which control the control page gives it. */
export interface Reader<T> {
  readonly shown: 'select' | 'number' | 'text' | 'line' | 'flow-error' | 'faults'
  readonly options: readonly string[]
  read(value: unknown, current: unknown): ReadResult<T>
}

const no = (expected: string): { ok: false; expected: string } => ({ ok: false, expected })
const yes = <T>(value: T): ReadResult<T> => ({ ok: true, value })

export function choice<const Option extends string>(...options: readonly Option[]): Reader<Option> {
  return {
    shown: 'select',
    options,
    read(value) {
      const option = options.find((candidate) => candidate === value)
      return option === undefined ? no(`one of ${options.join(', ')}`) : yes(option)
    },
  }
}

export const flag: Reader<boolean> = {
  shown: 'select',
  options: ['true', 'false'],
  read: (value) => (typeof value === 'boolean' ? yes(value) : no('true or false')),
}

export function wholeNumber(least: number, most: number): Reader<number> {
  return {
    shown: 'number',
    options: [],
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? yes(value)
        : no(`a whole number from ${least} to ${most}`),
  }
}

/** Any text at all, or null for none. */
export const anyText: Reader<string | null> = {
  shown: 'line',
  options: [],
  read: (value) => (value === null || typeof value === 'string' ? yes(value) : no('null or a text')),
}

export const scopesSwitch: Reader<readonly string[]> = {
  shown: 'text',
  options: [],
  read(value) {
    const isScope = (item: unknown): item is string => typeof item === 'string' && /^[!#-[\]-~]+$/.test(item)
    return Array.isArray(value) && value.every(isScope) ? yes(value) : no('a list of scopes')
  },
}

export interface FlowError {
  readonly error: string
  readonly description: string
}

export const flowErrorSwitch: Reader<FlowError | null> = {
  shown: 'flow-error',
  options: [],
  read(value) {
    const expected = no('null or { error, description }, both texts, error not empty')
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return expected
    if (!('error' in value) || !('description' in value)) return expected
    const { error, description } = value
    if (typeof error !== 'string' || error === '' || typeof description !== 'string') return expected
    return yes({ error, description })
  },
}

export const faultsSwitch: Reader<Faults> = {
  shown: 'faults',
  options: ['', ...faultNames],
  read(value, current) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return no('an object of endpoints')
    const faults = new Map<string, FaultName>(Object.entries(isFaults(current) ? current : {}))
    for (const [endpoint, given] of Object.entries(value)) {
      const fault = faultNames.find((name) => name === given)
      if (!faultableEndpoints.some((name) => name === endpoint))
        return no(`${endpoint} is no endpoint of faults`)
      if (fault === 'invalid_grant' && endpoint !== 'token') return no('invalid_grant is for token only')
      if (given === null) faults.delete(endpoint)
      else if (fault === undefined) return no(`${endpoint} must be one of ${faultNames.join(', ')} or null`)
      else faults.set(endpoint, fault)
    }
    return yes(Object.fromEntries(faults))
  },
}

const isFaults = (value: unknown): value is Record<string, FaultName> =>
  typeof value === 'object' && value !== null
