import { html, nothing, type Markup, layout } from './layout.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../control.ts'
import { faultableEndpoints } from '../faults.ts'
import { isSwitch, readers, type Switches } from '../switches.ts'

/** GET /__emulator: state, switches and timeline. */
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
    <h2>Groups</h2>
    ${table(
      ['user', 'groups'],
      Object.entries(state.groups).map(([username, groups]) => [username, groups.join(', ')]),
    )}
    <form method="post" action="/__emulator/groups">
      <label>User <input name="username" required /></label>
      <label>All groups, with commas <input name="groups" /></label>
      <button type="submit">Set groups</button>
    </form>
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

/** Converts a form to a merge patch. Unknown fields stay, so that validation rejects them. */
export function patchFromForm(form: URLSearchParams): Record<string, unknown> {
  const patch = new Map<string, unknown>()
  const faults = new Map<string, unknown>()
  for (const [field, text] of form) {
    const fault = /^faults\.(.+)$/.exec(field)?.[1]
    if (fault !== undefined) faults.set(fault, text === '' ? null : text)
    else if (field === 'flowError.error') patch.set('flowError', text === '' ? null : flowError(form, text))
    else if (field !== 'flowError.description')
      patch.set(field, isSwitch(field) ? fromText(field, text) : text)
  }
  if (faults.size > 0) patch.set('faults', Object.fromEntries(faults))
  return Object.fromEntries(patch)
}

const flowError = (form: URLSearchParams, error: string) => ({
  error,
  description: form.get('flowError.description') ?? '',
})

function fromText(name: keyof Switches, text: string): unknown {
  const { shown, options } = readers[name]
  if (shown === 'number') return text.trim() === '' ? text : Number(text)
  if (shown === 'line') return text === '' ? null : text
  if (shown === 'text') return text.split(' ').filter((word) => word !== '')
  const isFlag = options.includes('true') && options.includes(text)
  return isFlag ? text === 'true' : text
}

/** The form's fields with their current values. */
function fieldsOf(switches: Switches): { field: string; text: string; options: readonly string[] }[] {
  const names = Object.keys(switches).filter(isSwitch)
  return names.flatMap((name) => {
    const { shown, options } = readers[name]
    if (shown === 'faults') {
      return faultableEndpoints.map((endpoint) => ({
        field: `faults.${endpoint}`,
        text: switches.faults[endpoint] ?? '',
        options: endpoint === 'token' ? options : options.filter((option) => option !== 'invalid_grant'),
      }))
    }
    if (shown === 'flow-error') {
      return [
        { field: 'flowError.error', text: switches.flowError?.error ?? '', options },
        { field: 'flowError.description', text: switches.flowError?.description ?? '', options },
      ]
    }
    return [{ field: name, text: textOf(switches[name]), options }]
  })
}

function textOf(value: Switches[keyof Switches]): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? value.join(' ') : ''
}
