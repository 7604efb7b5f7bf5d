import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

const TITLE = 'This server has no settings yet'

/**
 * The only page of a deployment without settings (decision 14). The server cannot know which of the two steps is
 * missing, so it names both.
 */
export function LockedPage(): JSX.Element {
  return (
    <Layout title={TITLE}>
      <h1>{TITLE}</h1>
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
