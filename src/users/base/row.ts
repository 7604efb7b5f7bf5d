/** One record of the OAuth library's, as its storage keeps it. */
export interface Row {
  value: string
  /** Seconds since 1970; null: it stays. */
  expiresAtSeconds: number | null
}
