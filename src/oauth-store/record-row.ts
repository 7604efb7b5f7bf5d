/** One record of the OAuth library. */
export interface RecordRow {
  value: string
  /** Seconds since 1970; null: it never expires. */
  expiresAtSeconds: number | null
}
