import { html, nothing, type Markup } from '../markup.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state.ts'
import { fieldsOf } from '../switch-form.ts'
import { layout } from './layout.ts'

/** GET /__emulator: what the emulator holds, how it behaves, and what it was asked. */
export function showControlPage(settings: Settings, state: State): Markup {
  const body = html`<p>Issuer <code>${settings.issuer}</code></p>
    <p>
      Application <code>${settings.clientId}</code>, ${settings.clientAuth}; policies
      <code>${settings.policyIds.join(', ')}</code>; API <code>${settings.apiIdentifier}</code> with
      <code>${settings.apiScopes.join(' ')}</code>
    </p>
    <div class="row">
      ${button('end-sessions', 'End all sessions')}${button('rotate-keys', 'Rotate keys')}
      ${button('rotate-keys?drop=1', 'Rotate and drop old keys')}${button('reset', 'Reset everything')}
    </div>
    <h2>Switches</h2>
    <form method="post" action="/__emulator/switches">
      <div class="switches">${fieldsOf(state.switches).map(control)}</div>
      <button type="submit">Set switches</button>
    </form>
    <h2>Sessions</h2>
    ${table(
      ['user', 'since', 'last used', 'sid'],
      state.sessions.map(({ username, authTime, lastUsed, sid }) => [username, authTime, lastUsed, sid]),
    )}
    <h2>Refresh families</h2>
    ${table(
      ['user', 'since', 'rotations', 'state', 'scopes', 'sid'],
      state.families.map((family) => [
        family.username,
        family.created,
        String(family.rotations),
        family.endedBecause ?? 'alive',
        family.scopes.join(' '),
        family.sid,
      ]),
    )}
    <h2>Consents</h2>
    ${table(
      ['user', 'scopes'],
      state.consents.map(({ username, scopes }) => [username, scopes.join(' ')]),
    )}
    <h2>Keys</h2>
    ${table(
      ['kid', 'since', 'state'],
      state.keys.map(({ kid, created, active }) => [kid, created, active ? 'signing' : 'in jwks only']),
    )}
    <h2>Timeline</h2>
    ${table(
      ['time', 'endpoint', 'asked', 'status', 'reason'],
      state.timeline.map(({ at, method, endpoint, asked, status, reason }) => [
        at,
        `${method} ${endpoint}`,
        Object.entries(asked)
          .map(([name, value]) => `${name}=${value}`)
          .join('  '),
        String(status),
        reason,
      ]),
    )}`
  return layout('PingOne emulator', body, 'wide')
}

const button = (path: string, text: string): Markup =>
  html`<form method="post" action="/__emulator/${path}">
    <button type="submit" class="quiet">${text}</button>
  </form>`

function control({ field, text, options }: ReturnType<typeof fieldsOf>[number]): Markup {
  const chosen = options.map(
    (option) => html`<option value="${option}" ${option === text ? selected : nothing}>${option}</option>`,
  )
  const input =
    options.length > 0
      ? html`<select name="${field}">
          ${chosen}
        </select>`
      : html`<input name="${field}" value="${text}" />`
  return html`<label>${field} ${input}</label>`
}

const selected: Markup = { markup: ' selected' }

function table(heads: readonly string[], rows: readonly (readonly string[])[]): Markup {
  if (rows.length === 0) return html`<p>None.</p>`
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`
}
