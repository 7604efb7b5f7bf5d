import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

/**
 * All that a deployment without `--env` answers (decision 14). It may well be the answer for the stylesheet
 * too, so it has to read well without one.
 */
export function LockedPage(): JSX.Element {
  return (
    <Layout title="This deployment has no settings">
      <h1>This deployment has no settings</h1>
      <p class="lead">
        It was deployed without naming an environment, so it has no keys, knows no PingOne and answers nothing
        else.
      </p>
      <h2>Deploy it again with its environment</h2>
      <pre class="snippet">
        <code>wrangler deploy --env production</code>
      </pre>
      <p>
        Which settings that environment needs, and how to try everything without an account first, is in{' '}
        <code>docs/run.md</code> of the repository.
      </p>
    </Layout>
  )
}
