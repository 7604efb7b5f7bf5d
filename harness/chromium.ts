import { existsSync, readFileSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { createRequire } from 'node:module'
import { z } from 'zod'

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

// A browser's own requests to the internet belong to no story and fail offline.
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real Chromium. Fails without one instead of skipping. */
export async function startChromium(): Promise<Browser & AsyncDisposable> {
  const places = [process.env['CHROMIUM_PATH'], ...USUAL_PLACES]
  const executablePath = places.find((place) => place !== undefined && existsSync(place))
  if (executablePath === undefined) {
    throw new Error('No Chromium found. Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.')
  }
  const browser = await chromium.launch({ executablePath, args: QUIET })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

/** The viewports: two color schemes, two sizes. */
export const LOOKS: readonly { name: string; options: BrowserContextOptions }[] = (
  ['light', 'dark'] as const
).flatMap((colorScheme) =>
  [
    { device: 'phone', viewport: { width: 390, height: 844 } },
    { device: 'desktop', viewport: { width: 1280, height: 900 } },
  ].map(({ device, viewport }) => ({ name: `${colorScheme}-${device}`, options: { colorScheme, viewport } })),
)

/** Saves a screenshot in the folder SCREENSHOTS; no-op when unset. */
export async function takeShot(
  page: Page,
  name: string,
  animations: 'allow' | 'disabled' = 'disabled',
): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder !== undefined)
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true, animations })
}

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
