import type { JSX } from 'hono/jsx/jsx-runtime'
import type { BadSettings } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import { htmlAnswer } from './html-answer.ts'
import { Layout } from './layout.tsx'
import { answerMessage } from './message-page.tsx'

const MAX_STACK_CHARACTERS = 2000

/** The last catch of every page: users see an incident id only, the log has the cause. */
export function answerError(request: Request, error: unknown): Response {
  const incident = newIncident()
  const cause = error instanceof Error ? (error.stack ?? error.message) : 'not an Error'
  const { pathname } = new URL(request.url)
  log.error('request.failed', { incident, path: pathname, cause: cause.slice(0, MAX_STACK_CHARACTERS) })
  return answerMessage(
    {
      title: 'Something went wrong here',
      sentence: 'Nothing you did caused this. Try again; if it stays, tell the operator of this server.',
      incident,
    },
    unavailable(request, 503, 30),
  )
}

/**
 * Replaces the OAuth library's empty 404 by a page for users who followed a link. Clients that look for a metadata
 * document keep the empty answer.
 */
export function answerNotFound(request: Request, answer: Response): Response {
  const isUser = request.method === 'GET' && request.headers.get('Accept')?.includes('text/html') === true
  if (answer.status !== 404 || !isUser) return answer
  return answerMessage(
    {
      title: 'There is no page here',
      sentence: 'The address may be incomplete or out of date.',
      next: { label: 'How to connect', href: '/' },
    },
    { isHttps: isHttps(request), status: 404 },
  )
}

/** Replaces a page's answer for a network over its limit. */
export const answerTooMany = (request: Request, waitSeconds: number): Response =>
  answerMessage(
    {
      title: 'Too many attempts',
      sentence:
        'Too much that does not work came from this network. Wait a minute, then start again in your app.',
    },
    unavailable(request, 429, waitSeconds),
  )

/** Answers every request while settings are invalid. The log names them; the page does so on loopback only. */
export function answerBadSettings(request: Request, { problems, isEmpty }: BadSettings): Response {
  log.error('settings.refused', { problems, docs: 'docs/configuration.md' })
  const options = unavailable(request, 503, 60)
  if (isEmpty) return htmlAnswer(<LockedPage />, options)
  const list = problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')
  const sentence = isLoopbackHost(new URL(request.url).hostname)
    ? `${list}. What each setting means is in docs/configuration.md.`
    : 'Its settings are not complete. Its operator finds what is missing in its log.'
  return answerMessage({ title: 'This server is not set up', sentence }, options)
}

/** By the request's scheme and not by the settings, which may be invalid. */
const isHttps = ({ url }: Request): boolean => new URL(url).protocol === 'https:'

const unavailable = (request: Request, status: 429 | 503, retryAfterSeconds: number) => ({
  isHttps: isHttps(request),
  status,
  headers: new Headers({ 'Retry-After': String(retryAfterSeconds) }),
})

const LOCKED_TITLE = 'This server has no settings yet'

/**
 * The only page of a deployment without settings (decision 14). The server cannot know which of the two steps is
 * missing, so it names both.
 */
export function LockedPage(): JSX.Element {
  return (
    <Layout title={LOCKED_TITLE}>
      <h1>{LOCKED_TITLE}</h1>
      <p class="lead">
        It has no keys, knows no PingOne and answers nothing else. One of two steps is missing.
      </p>
      <h2>If it was deployed without naming an environment</h2>
      <p>Then this is a Worker that nobody needs. Deploy the one of the environment:</p>
      <pre class="snippet">
        <code>npm run deploy -- production</code>
      </pre>
      <h2>If it was deployed with its environment</h2>
      <p>Then that environment has no settings yet. Give it yours, from a file:</p>
      <pre class="snippet">
        <code>npx wrangler secret bulk settings.json --env production</code>
      </pre>
      <p>
        Which settings it needs, and how to try everything without an account first, is in{' '}
        <code>docs/run.md</code> of the repository.
      </p>
    </Layout>
  )
}
