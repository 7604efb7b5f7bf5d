import { randomBytes } from 'node:crypto'
import { Settings } from '#settings.ts'
import { readPrivateFile, writePrivateFile } from '#harness/local/private-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'

/** As many as the output of SHA-256, the most that helps HMAC. */
const BYTES = 32

/** Writes a secret that signs webhooks. The receiver needs the same one, so it is not printed but copied from the file. */
export function makeWebhookSecret(file: string): void {
  if (readPrivateFile(file) !== undefined)
    throw new StartProblem(
      `${file} is there already: the receiver accepts both secrets during a rotation, so name another file with --webhook-file.`,
    )
  const secret = Settings.shape.WEBHOOK_SECRET.unwrap().parse(
    `whsec_${randomBytes(BYTES).toString('base64')}`,
  )
  writePrivateFile(file, `${secret}\n`)
  console.log(`${file} (mode 0600): signs webhooks; the receiver verifies with the same secret`)
  console.log(`  npx wrangler secret put WEBHOOK_SECRET --env production < ${file}`)
  console.log('With it: WEBHOOK_URL, the https address of the receiver.')
}
