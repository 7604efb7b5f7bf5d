import { seedUsernames } from '../accounts.ts'
import { html, nothing, type Markup, layout } from './layout.ts'
import type { Flow, Account } from '../store.ts'
import type { Context } from '../endpoints.ts'
import { apiScopesAmong } from '../scopes.ts'

export function signOnPage(context: Context, flow: Flow, notice = ''): Markup {
  const form = html`<form method="post" action="${pathTo(context, '')}">
      ${hiddenFields(flow)}
      <label
        >Username <input name="username" autocomplete="username" autocapitalize="none" required autofocus
      /></label>
      <label
        >Password <input name="password" type="password" autocomplete="current-password" required
      /></label>
      <button type="submit">Sign on</button>
    </form>
    <p class="links">
      <a href="${pathTo(context, 'register', flow)}">Register</a>,
      <a href="${pathTo(context, 'reset', flow)}">forgot your password?</a>
    </p>
    <p class="links">
      An emulator for PingOne, for development. Users: ${seedUsernames.join(', ')}; password: demo.
    </p>`
  return layout('Sign on', html`${alert(notice)}${form}`)
}

export function registrationPage(context: Context, flow: Flow, notice = ''): Markup {
  return layout('Register', accountForm(context, flow, 'register', 'Register', notice))
}

export function resetPage(context: Context, flow: Flow, notice = ''): Markup {
  return layout('Reset your password', accountForm(context, flow, 'reset', 'Set new password', notice))
}

function accountForm(context: Context, flow: Flow, path: string, button: string, notice: string): Markup {
  return html`${alert(notice)}
    <form method="post" action="${pathTo(context, path)}">
      ${hiddenFields(flow)}
      <label
        >Username <input name="username" autocomplete="username" autocapitalize="none" required autofocus
      /></label>
      <label>E-mail <input name="email" type="email" autocomplete="email" required /></label>
      <label
        >New password
        <input name="password" type="password" autocomplete="new-password" minlength="4" required
      /></label>
      <button type="submit">${button}</button>
    </form>
    <p class="links"><a href="${pathTo(context, '', flow)}">Back to sign-on</a></p>`
}

/** The flow id and the CSRF value of a form. */
const hiddenFields = (flow: Flow): Markup =>
  html`<input type="hidden" name="flowId" value="${flow.id}" />
    <input type="hidden" name="csrf" value="${flow.csrf}" />`

/** The path of a page of the flow; a link also carries the flow id. */
const pathTo = ({ settings }: Context, name: string, flow?: Flow): string =>
  `/${settings.environmentId}/signon/${name}${flow ? `?flowId=${flow.id}` : ''}`

const alert = (notice: string): Markup =>
  notice === '' ? nothing : html`<p class="note" role="alert">${notice}</p>`

const shownClient = ({ request: { shownClient: client } }: Flow): Markup =>
  client === undefined
    ? nothing
    : html`<p>It does so for <strong>${client.name}</strong>, at <code>${client.host}</code>.</p>`

export function consentPage(context: Context, flow: Flow, user: Account): Markup {
  const boxes = apiScopesAmong(flow.request.scopes).map(
    (scope) =>
      html`<label
        ><input type="checkbox" name="scope" value="${scope}" checked /><code>${scope}</code></label
      > `,
  )
  const { hostname, port } = new URL(flow.request.redirectUri)
  const body = html`<form method="post" action="${pathTo(context, 'consent')}">
      ${hiddenFields(flow)}
      <p>
        ${user.name}, the application at <strong>${hostname}${port === '' ? '' : `:${port}`}</strong> asks to
        use the API <strong>${context.settings.apiIdentifier}</strong> for you.
      </p>
      ${shownClient(flow)} ${boxes}
      <button type="submit" name="decision" value="allow">Allow</button>
      <button type="submit" name="decision" value="deny" class="quiet">Deny</button>
    </form>
    <p class="links">Signed on as ${user.username}.</p>`
  return layout('Allow access?', body)
}
