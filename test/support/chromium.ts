import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

// What a browser asks the internet by itself is no part of any story, and fails where there is none.
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real Chromium. A machine without one fails here, clearly; nothing is skipped. */
export async function startChromium(): Promise<Browser & AsyncDisposable> {
  const places = [process.env['CHROMIUM_PATH'], ...USUAL_PLACES]
  const executablePath = places.find((place) => place !== undefined && existsSync(place))
  if (executablePath === undefined) {
    throw new Error('No Chromium found. Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.')
  }
  const browser = await chromium.launch({ executablePath, args: QUIET })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

/** How a user may look at a page: two schemes, two sizes. */
export const LOOKS: readonly { name: string; options: BrowserContextOptions }[] = (
  ['light', 'dark'] as const
).flatMap((colorScheme) =>
  [
    { device: 'phone', viewport: { width: 390, height: 844 } },
    { device: 'desktop', viewport: { width: 1280, height: 900 } },
  ].map(({ device, viewport }) => ({ name: `${colorScheme}-${device}`, options: { colorScheme, viewport } })),
)

/** Keeps what a page looks like in the folder that SCREENSHOTS names; without it, looks at nothing. */
export async function takeShot(
  page: Page,
  name: string,
  animations: 'allow' | 'disabled' = 'disabled',
): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder !== undefined)
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true, animations })
}
