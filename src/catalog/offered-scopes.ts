import type { ScopeText } from './define-product.ts'

/** A scope of the product under the settings. */
export interface OfferedScope {
  value: string
  /** The consent page shows it. */
  sentence: string
  /** Completes “… wants to”. */
  action: string
  /** PingOne's name of it: tenants name the API's scopes differently. */
  upstream: string
  isRequired: boolean
  writes: boolean
  impliedBy: readonly string[]
}

/** The scopes with PingOne's names of them, which are settings. */
export const offeredScopes = (
  scopes: readonly ScopeText[],
  names: Readonly<Record<string, string>>,
): OfferedScope[] =>
  scopes.map(({ name, sentence, action, setting, required = false, impliedBy = [], writes = false }) => ({
    value: name,
    sentence,
    action: action ?? sentence.charAt(0).toLowerCase() + sentence.slice(1),
    upstream: (setting === undefined ? undefined : names[setting]) ?? name,
    isRequired: required,
    writes,
    impliedBy,
  }))
