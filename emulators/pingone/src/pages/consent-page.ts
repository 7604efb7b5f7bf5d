import { html, nothing, type Markup } from '../markup.ts'
import type { Account, Flow } from '../records.ts'
import { apiScopesAmong } from '../scopes.ts'
import type { Visit } from '../visit.ts'
import { layout } from './layout.ts'
import { guard, pathTo } from './sign-on-page.ts'

const shownClient = ({ request: { shownClient: client } }: Flow): Markup =>
  client === undefined
    ? nothing
    : html`<p>It does so for <strong>${client.name}</strong>, at <code>${client.host}</code>.</p>`

/** May the application use the API for you? */
export function consentPage(visit: Visit, flow: Flow, user: Account): Markup {
  const boxes = apiScopesAmong(flow.request.scopes).map(
    (scope) =>
      html`<label
        ><input type="checkbox" name="scope" value="${scope}" checked /><code>${scope}</code></label
      > `,
  )
  const { hostname, port } = new URL(flow.request.redirectUri)
  const body = html`<form method="post" action="${pathTo(visit, 'consent')}">
      ${guard(flow)}
      <p>
        ${user.name}, the application at <strong>${hostname}${port === '' ? '' : `:${port}`}</strong> asks to
        use the API <strong>${visit.settings.apiIdentifier}</strong> for you.
      </p>
      ${shownClient(flow)} ${boxes}
      <button type="submit" name="decision" value="allow">Allow</button>
      <button type="submit" name="decision" value="deny" class="quiet">Deny</button>
    </form>
    <p class="links">Signed on as ${user.username}.</p>`
  return layout('Allow access?', body)
}
