export interface Environments {
  /** The one that the issuer's address names; a custom domain names none. */
  ofIssuer: string | null
  /** Empty: any. */
  accepted: readonly string[]
}

/**
 * Whether a token is of an environment that this server works with (decision 19). PingOne says it in the claim `env`;
 * what does not say it is of the issuer's own.
 */
export function isAccepted({ ofIssuer, accepted }: Environments, claimed: string | null): boolean {
  const environment = claimed ?? ofIssuer
  return accepted.length === 0 || (environment !== null && accepted.includes(environment))
}
