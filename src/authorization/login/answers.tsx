import type { Config } from '#config.ts'
import { ContinuePage, type Destination } from '#pages/continue-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { MessagePage } from '#pages/message-page.tsx'
import type { LoginAnswer } from './denials.ts'

export const isHttps = (config: Config): boolean => config.publicOrigin.startsWith('https:')

/** After a form: a page with a link and a refresh, never a redirect (see pages/continue-page.tsx for why). */
export function continueAnswer(
  config: Config,
  to: string,
  destination: Destination,
  headers: Headers,
): Response {
  const { host, protocol } = new URL(to)
  const page = <ContinuePage to={to} host={host} scheme={protocol} seconds={0} destination={destination} />
  return htmlAnswer(page, { isHttps: isHttps(config), headers })
}

type Outage = Extract<LoginAnswer, { to: 'user' }>

/**
 * PingOne is down and nothing is lost: the same form as on the consent page, with a handle that is still good. Its
 * second button leads back to the client, so that neither user nor client waits for nothing.
 */
export function outagePage(
  config: Config,
  { status, title, sentence, retryAfterSeconds }: Outage,
  again: { handle: string; scopes: readonly string[] },
  { headers, incident }: { headers: Headers; incident: string },
): Response {
  headers.set('Retry-After', String(retryAfterSeconds))
  const fields = [
    { name: 'handle', value: again.handle },
    ...again.scopes.map((value) => ({ name: 'scope', value })),
  ]
  const buttons = [
    { label: 'Try again', name: 'decision', value: 'approve' },
    { label: 'Back to your app', name: 'decision', value: 'leave' },
  ]
  const page = (
    <MessagePage
      title={title}
      sentence={sentence}
      next={null}
      retry={{ action: '/authorize', fields, buttons }}
      incident={incident}
      tone="problem"
    />
  )
  return htmlAnswer(page, { isHttps: isHttps(config), status, headers })
}
