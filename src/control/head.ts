import { z } from 'zod'
import { MOST_SWITCHES, Switch } from '#policy/switches.ts'

/** The small part of Control that every isolate holds: which policy is in force, and what is switched off. */
export const Head = z.strictObject({
  /** Grows with every change. */
  sequence: z.int(),
  /** Hash of the document in force (control/documents.ts). */
  policy: z.string(),
  switches: z.array(Switch).max(MOST_SWITCHES),
  /** Hashes of documents that came with a deployment and were looked at, the newest last. */
  bundles: z.array(z.string()).max(50),
})
export type Head = z.infer<typeof Head>

/** The head as it goes along with a request, and when this isolate last had it confirmed. Milliseconds since 1970. */
export interface HeldHead {
  head: Head
  confirmedAtMs: number
}
