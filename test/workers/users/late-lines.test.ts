import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { log } from '#lib/log.ts'

// This test always passes; without keep-logs.ts the run does not end.
test('lines that an object logs while the tests of a file end keep no run from ending', async () => {
  let lines = 0
  await runInDurableObject(env.USER.getByName('talker'), () => {
    const logLine = () => {
      log.info('a.line')
      lines += 1
    }
    for (let ms = 0; ms < 400; ms += 1) setTimeout(logLine, ms)
  })
  await expect.poll(() => lines).toBeGreaterThan(0)
})
