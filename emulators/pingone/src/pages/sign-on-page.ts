import { seedUsernames } from '../accounts.ts'
import { html, nothing, type Markup } from '../markup.ts'
import type { Flow } from '../records.ts'
import type { Visit } from '../visit.ts'
import { layout } from './layout.ts'

/** Who are you? */
export function signOnPage(visit: Visit, flow: Flow, notice = ''): Markup {
  const form = html`<form method="post" action="${pathTo(visit, '')}">
      ${guard(flow)}
      <label
        >Username <input name="username" autocomplete="username" autocapitalize="none" required autofocus
      /></label>
      <label
        >Password <input name="password" type="password" autocomplete="current-password" required
      /></label>
      <button type="submit">Sign on</button>
    </form>
    <p class="links">
      <a href="${pathTo(visit, 'register', flow)}">Register</a>,
      <a href="${pathTo(visit, 'reset', flow)}">forgot your password?</a>
    </p>
    <p class="links">
      An emulator for PingOne, for development. Users: ${seedUsernames.join(', ')}; password: demo.
    </p>`
  return layout('Sign on', html`${said(notice)}${form}`)
}

/** A new account. */
export function registrationPage(visit: Visit, flow: Flow, notice = ''): Markup {
  return layout('Register', accountForm(visit, flow, 'register', 'Register', notice))
}

/** A new password for an account. */
export function resetPage(visit: Visit, flow: Flow, notice = ''): Markup {
  return layout('Reset your password', accountForm(visit, flow, 'reset', 'Set new password', notice))
}

function accountForm(visit: Visit, flow: Flow, path: string, button: string, notice: string): Markup {
  return html`${said(notice)}
    <form method="post" action="${pathTo(visit, path)}">
      ${guard(flow)}
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
    <p class="links"><a href="${pathTo(visit, '', flow)}">Back to sign-on</a></p>`
}

/** What binds a form to its flow and to the page we gave. */
export const guard = (flow: Flow): Markup =>
  html`<input type="hidden" name="flowId" value="${flow.id}" />
    <input type="hidden" name="csrf" value="${flow.csrf}" />`

/** The address of a page of the flow, with the flow in it when it is a link. */
export const pathTo = ({ settings }: Visit, name: string, flow?: Flow): string =>
  `/${settings.environmentId}/signon/${name}${flow ? `?flowId=${flow.id}` : ''}`

const said = (notice: string): Markup =>
  notice === '' ? nothing : html`<p class="note" role="alert">${notice}</p>`
