/** A client whose access an operator ended or blocked (migrations/0002_operators.sql). */
export interface ClientCutoff {
  client: string
  /** Grants that were opened before this time are over. */
  endedBeforeMs: number
  /** Every grant is over, and no login gets a new one. */
  isBlocked: boolean
  /** The act behind it. */
  act: string
}

/** Whether a grant of the client is over, however it was found. */
export const isCutOff = ({ endedBeforeMs, isBlocked }: ClientCutoff, openedAtSeconds: number): boolean =>
  isBlocked || openedAtSeconds * 1000 < endedBeforeMs
