import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import worker from '../todos-worker.ts'
import { Settings } from '#settings.ts'
import { ORIGIN } from '../settings.ts'

const bindings = Object.fromEntries(Object.entries(env).filter(([name]) => !(name in Settings.shape)))

/** A deployment whose only settings are these; its bindings are unchanged. */
const deployed = (settings: Readonly<Record<string, string>> = {}) => {
  const unset = {
    ...env,
    ...Object.fromEntries(Object.keys(Settings.shape).map((name) => [name, undefined])),
  }
  const all = Object.assign(unset, bindings, settings)
  return async (path: string, method = 'GET') =>
    worker.fetch(
      new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, { method }),
      all,
      createExecutionContext(),
    )
}

test('without any setting every page says both things that can have happened, and what to type', async () => {
  const open = deployed()
  for (const path of ['/', '/me', '/authorize', '/health']) {
    const page = await open(path)
    const text = await page.text()
    expect([path, page.status, page.headers.get('retry-after')]).toEqual([path, 503, '60'])
    expect(text).toContain('npm run deploy -- production')
    expect(text).toContain('wrangler secret bulk')
    expect(text).not.toContain('It was deployed without naming an environment, so')
  }
})

test.each([
  ['no settings', {}],
  ['a wrong setting', { PUBLIC_ORIGIN: 'x' }],
] as const)('with %s a page has its style sheet all the same', async (_, settings) => {
  const open = deployed(settings)
  const page = await (await open('/')).text()
  const [, sheet = 'none'] = /<link rel="stylesheet" href="([^"]+)"/.exec(page) ?? []
  for (const [path, type] of [
    [sheet, 'text/css; charset=utf-8'],
    ['/assets/copy.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    const asset = await open(path)
    expect([path, asset.status, asset.headers.get('content-type')]).toEqual([path, 200, type])
    expect((await asset.text()).length).toBeGreaterThan(100)
    expect([(await open(path, 'HEAD')).status, (await open(path, 'POST')).status]).toEqual([200, 503])
  }
})
