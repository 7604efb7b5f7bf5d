import type { BadSettings } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { htmlAnswer } from './html-answer.ts'
import { LockedPage } from './locked-page.tsx'
import { MessagePage } from './message-page.tsx'

/** What a deployment says that cannot work: which settings are wrong, in the log, and on one's own machine here too. */
export function answerBadSettings(request: Request, bad: BadSettings): Response {
  const url = new URL(request.url)
  log.error('settings.refused', { problems: bad.problems, docs: 'docs/configuration.md' })
  const options = {
    isHttps: url.protocol === 'https:',
    status: 503,
    headers: new Headers({ 'Retry-After': '60' }),
  }
  if (bad.isEmpty) return htmlAnswer(<LockedPage />, options)
  const list = bad.problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')
  const sentence = isLoopbackHost(url.hostname)
    ? `${list}. What each setting means is in docs/configuration.md.`
    : 'Its settings are not complete. Its operator finds what is missing in its log.'
  const page = (
    <MessagePage
      title="This server is not set up"
      sentence={sentence}
      next={null}
      retry={null}
      incident={null}
      tone="problem"
    />
  )
  return htmlAnswer(page, options)
}
