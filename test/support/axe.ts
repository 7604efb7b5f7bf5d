import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { z } from 'zod'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const Findings = z.array(
  z.object({
    id: z.string(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
)
export type Findings = z.infer<typeof Findings>

/** The violations that axe finds on the current page. axe bypasses the page's CSP, as developer tools do. */
export async function findWithAxe(page: Page): Promise<Findings> {
  await page.evaluate(SOURCE)
  return Findings.parse(await page.evaluate('axe.run().then(({ violations }) => violations)'))
}
