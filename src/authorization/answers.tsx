import type { Config } from '../config.ts'
import { ContinuePage } from '../pages/continue-page.tsx'
import { htmlAnswer } from '../pages/html-answer.ts'
import { MessagePage } from '../pages/message-page.tsx'
import type { LoginAnswer } from './refusals.ts'

export const isHttps = (config: Config): boolean => config.publicOrigin.startsWith('https:')

/** After a form: a page with a link and a refresh, never a redirect (see pages/continue-page.tsx for why). */
export function continueAnswer(
  config: Config,
  to: string,
  destination: 'pingone' | 'client',
  headers: Headers,
): Response {
  const { host, protocol } = new URL(to)
  const page = <ContinuePage to={to} host={host} scheme={protocol} seconds={0} destination={destination} />
  return htmlAnswer(page, { isHttps: isHttps(config), headers })
}

export function refusalPage(
  config: Config,
  answer: LoginAnswer,
  tryAgain: string | null,
  { headers = new Headers(), incident = null }: { headers?: Headers; incident?: string | null } = {},
): Response {
  const { status, title, sentence } =
    answer.to === 'person'
      ? answer
      : {
          status: 502,
          title: 'Signing in did not work',
          sentence: `${answer.description}. Start again from your app.`,
        }
  const next = tryAgain === null ? null : { label: 'Try again', href: tryAgain }
  if (status === 503) headers.set('Retry-After', '5')
  const page = (
    <MessagePage
      title={title}
      sentence={sentence}
      next={next}
      retry={null}
      incident={incident}
      tone="problem"
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), status, headers })
}
