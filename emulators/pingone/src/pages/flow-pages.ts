import { seedUsernames } from '../accounts.ts'
import { html, nothing, type Markup, layout } from './layout.ts'
import type { Flow, Account } from '../store.ts'
import type { Context } from '../endpoints.ts'
import { apiScopesAmong } from '../scopes.ts'
import { type Notice, words } from './words.ts'

export function signOnPage(context: Context, flow: Flow, notice?: Notice): Markup {
  const body = html`<p>${words.signOnLead}</p>
    ${shownNotice(notice)}
    <form method="post" action="${pathTo(context, '')}">
      ${hiddenFields(flow)} ${usernameField}
      <label
        >Password <input name="password" type="password" autocomplete="current-password" required
      /></label>
      <button type="submit">${words.signOn}</button>
    </form>
    <p class="links">
      <a href="${pathTo(context, 'register', flow)}">${words.register}</a>
      <a href="${pathTo(context, 'reset', flow)}">Forgot your password?</a>
    </p>
    <p class="hint">
      Users here: ${seedUsernames.map((name) => html`<code>${name}</code> `)}<br />
      Password: <code>demo</code>
    </p>`
  return layout(words.signOn, body)
}

export function registrationPage(context: Context, flow: Flow, notice?: Notice): Markup {
  const body = html`<p>${words.registerLead}</p>
    ${accountForm(context, flow, 'register', words.register, notice)}`
  return layout(words.register, body)
}

export function resetPage(context: Context, flow: Flow, notice?: Notice): Markup {
  return layout(words.reset, accountForm(context, flow, 'reset', words.setPassword, notice))
}

const usernameField: Markup = html`<label
  >Username <input name="username" autocomplete="username" autocapitalize="none" required autofocus
/></label>`

function accountForm(context: Context, flow: Flow, path: string, button: string, notice?: Notice): Markup {
  return html`${shownNotice(notice)}
    <form method="post" action="${pathTo(context, path)}">
      ${hiddenFields(flow)} ${usernameField}
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

const shownNotice = (notice: Notice | undefined): Markup =>
  notice === undefined
    ? nothing
    : html`<p class="note ${notice.tone}" role="${notice.tone === 'problem' ? 'alert' : 'status'}">
        ${notice.text}
      </p>`

const shownClient = ({ request: { shownClient: client } }: Flow): Markup =>
  client === undefined
    ? nothing
    : html`<p>It does so for <strong>${client.name}</strong>, at <code>${client.host}</code>.</p>`

export function consentPage(context: Context, flow: Flow, user: Account): Markup {
  const boxes = apiScopesAmong(flow.request.scopes).map(
    (scope) =>
      html`<label class="box"
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
      ${shownClient(flow)}
      <fieldset>
        <legend>It may</legend>
        ${boxes}
      </fieldset>
      <div class="decision">
        <button type="submit" name="decision" value="allow">Allow</button>
        <button type="submit" name="decision" value="deny" class="quiet">Deny</button>
      </div>
    </form>
    <p class="hint">Signed on as <strong>${user.username}</strong></p>`
  return layout(words.consent, body)
}
