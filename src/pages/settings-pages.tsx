/** The pages of a server whose settings are missing or wrong. Their reader is its operator. */
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { BadSettings } from '#config.ts'
import { ErrorPage } from './error-page.tsx'
import { type Brand, Layout } from './layout.tsx'

const TITLE = 'This server is not set up'

/** Names every bad setting with its rule, never its value. Only for a browser on the server's own machine. */
export function SettingsPage({
  problems,
  brand,
}: Pick<BadSettings, 'problems'> & { brand: Brand }): JSX.Element {
  return (
    <Layout title={TITLE} {...brand}>
      <p class="error-status">
        Error <strong>503</strong>
      </p>
      <h1>{TITLE}</h1>
      <p class="lead">
        {problems.length === 1 ? 'One setting needs' : `${problems.length} settings need`} your attention.
      </p>
      <dl class="settings">
        {problems.map(({ name, problem }) => (
          <div>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{problem}</dd>
          </div>
        ))}
      </dl>
      <p>
        What each setting means is in <code>docs/configuration.md</code>. <code>npm run doctor</code> checks
        them all.
      </p>
      <div class="actions">
        <a class="button primary" href="">
          Try again
        </a>
      </div>
    </Layout>
  )
}

/** For everyone else: the names of settings are for the log. */
export const NotSetUpPage = ({ brand }: { brand: Brand }): JSX.Element => (
  <ErrorPage
    status={503}
    title={TITLE}
    sentence="Its settings are not complete. Its operator finds what is missing in its log."
    ways={[{ label: 'Try again', href: null }]}
    brand={brand}
  />
)

const LOCKED_TITLE = 'This server has no settings yet'

/**
 * The only page of a deployment without settings (decision 14). The server cannot know which of the two steps is
 * missing, so it names both.
 */
export function LockedPage({ brand }: { brand: Brand }): JSX.Element {
  return (
    <Layout title={LOCKED_TITLE} {...brand}>
      <p class="error-status">
        Error <strong>503</strong>
      </p>
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
      <div class="actions">
        <a class="button primary" href="">
          Try again
        </a>
      </div>
    </Layout>
  )
}
