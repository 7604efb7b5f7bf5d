import type { Config } from '#config.ts'
import { ContinuePage, type Destination } from '#pages/continue-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { MessagePage, type MessagePageProps } from '#pages/message-page.tsx'

export const isHttps = ({ publicOrigin }: Pick<Config, 'publicOrigin'>): boolean =>
  publicOrigin.startsWith('https:')

/** Leaves for another site after a form: a page with a link and a refresh, never a redirect (pages/continue-page.tsx). */
export function continueAnswer(
  config: Config,
  to: string,
  destination: Destination,
  headers: Headers,
): Response {
  const { host, protocol } = new URL(to)
  const page = (
    <ContinuePage
      to={to}
      host={host}
      scheme={protocol}
      seconds={0}
      destination={destination}
      {...config.brand}
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), headers })
}

const DEFAULTS = { next: null, retry: null, incident: null, tone: 'problem' } as const

/** A page with one message. */
export const messageAnswer = (
  config: Config,
  props: Pick<MessagePageProps, 'title' | 'sentence'> & Partial<MessagePageProps>,
  { status = 200, headers = new Headers() }: { status?: number; headers?: Headers } = {},
): Response =>
  htmlAnswer(<MessagePage {...DEFAULTS} {...config.brand} {...props} />, {
    isHttps: isHttps(config),
    status,
    headers,
  })
