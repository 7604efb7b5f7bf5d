/**
 * The styles of the home page, a user's own page and the error pages: a part of styles.ts.
 */
export const pageStyles = `/* A user's own page: clients, and their grants */
.clients { list-style: none; margin-top: 1.25rem; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.client { padding-block: 0.75rem; }
.client + .client { border-top: 1px solid var(--line); }
.client-who { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.75rem; min-width: 0; padding: 0 1.125rem; }
.client-name { font-size: 1.125rem; line-height: 1.4; min-width: 0; }
.client-place { color: var(--soft); font-size: 0.9375rem; min-width: 0; }
.client-place .host { color: var(--ink); }
.client-place .tag { vertical-align: 0.08em; }
.client-grants, .grant-may { list-style: none; }
.client summary { display: flex; align-items: center; gap: 0.75rem; min-height: 44px; margin-block: -0.75rem; padding: 0.5rem 1.125rem; cursor: pointer; list-style: none; }
.client summary:hover { background: var(--inset); }
.client summary:focus-visible, .client summary .client-who { flex: 1; padding: 0; }
.client-count { flex: none; color: var(--soft); font-size: 0.9375rem; }
.client [open] > .client-grants { margin-top: 1rem; }
.grant { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.5rem 1rem; align-items: center; padding: 0.25rem 1.125rem 0; }
.grant + .grant { margin-top: 0.625rem; padding-top: 0.625rem; border-top: 1px dashed var(--line); }
.grant-facts { min-width: 0; }
.grant-may li { display: inline; }
.grant-may li + li::before { content: ' · '; color: var(--soft); }
.grant-use, .earlier-when { color: var(--soft); font-size: 0.875rem; }
.grant .button { min-height: 44px; min-width: 5rem; padding-inline: 1rem; }
.button.ends { border-color: var(--warn-line); color: var(--warn-ink); }
.button.ends:hover { border-color: var(--warn-ink); background: var(--warn-ground); color: var(--warn-ink); }

/* Asks before it ends everything */
.end-all { margin-top: 1.25rem; }
.end-all summary { display: flex; align-items: center; min-height: 44px; width: fit-content; padding: 0.25rem 1rem; border: 1px solid var(--control); border-radius: 10px; font-weight: 600; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.end-all summary:hover { background: var(--inset); border-color: var(--ink); }
.end-all form { display: grid; gap: 0.875rem; justify-items: start; margin-top: 0.625rem; padding: 1rem 1.125rem; border: 1px solid var(--warn-line); border-radius: 10px; background: var(--warn-ground); color: var(--warn-ink); }

.earlier, .leave { margin-top: 2.25rem; }
.earlier ul { list-style: none; margin-top: 0.625rem; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.earlier li { padding: 0.8125rem 1.125rem; }
.earlier li + li { border-top: 1px solid var(--line); }
.earlier li:target { padding-left: calc(1.125rem - 4px); border-left: 4px solid var(--accent); background: var(--inset); }
.earlier-more { margin-top: 0.625rem; }
.earlier-more summary { width: fit-content; min-height: 44px; padding-block: 0.5rem; cursor: pointer; font-weight: 600; }
.leave { padding-top: 1.375rem; border-top: 1px solid var(--line); }
.leave-choices { display: grid; gap: 1.25rem; margin-top: 0.875rem; }
.leave-choices .button { width: 100%; }
.leave-choices p { margin-top: 0.5rem; color: var(--soft); font-size: 0.9375rem; }

/* Home: one fold for each client */
.url-field { margin: 1.5rem 0 0; padding: 0.875rem 1.125rem 1.125rem calc(1.125rem - 4px); border-left: 4px solid var(--accent); }
.url-field label { color: var(--soft); font-size: 0.875rem; }
.copy-row { display: flex; flex-wrap: wrap; gap: 0.625rem; margin-top: 0.25rem; }
.copy-row input { flex: 1 1 15rem; min-width: 0; min-height: 44px; padding: 0.5rem 0.75rem; border: 1px solid var(--control); border-radius: 8px; background: var(--surface); color: var(--ink); font-size: 1rem; text-overflow: ellipsis; }
.copy { flex: none; min-height: 44px; min-width: 5.5rem; padding: 0.25rem 0.875rem; border: 1px solid var(--control); border-radius: 8px; background: var(--surface); color: var(--ink); font: 600 0.9375rem/1.3 var(--sans); cursor: pointer; }
.copy:hover { border-color: var(--ink); background: var(--inset); }
.copy:focus-visible { border-radius: 8px; }
.ways { margin-top: 1.5rem; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.way + .way { border-top: 1px solid var(--line); }
.way summary { display: flex; align-items: center; gap: 0.75rem; min-height: 52px; padding: 0.5rem 1.125rem; cursor: pointer; list-style: none; }
.way summary:hover { background: var(--inset); }
.way summary::before, .client summary::before { content: ''; flex: none; width: 0.5rem; height: 0.5rem; border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(-45deg); }
.way[open] summary::before, .client [open] > summary::before { transform: translateY(-0.125rem) rotate(45deg); }
.way-body { display: grid; gap: 0.75rem; padding: 0.25rem 1.125rem 1.125rem; color: var(--soft); }
.way-body > * { min-width: 0; }
.home-users { margin-top: 1.75rem; }
.home-users p { color: var(--soft); }
.users { display: grid; margin: 0.625rem 0; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.users > div { display: grid; grid-template-columns: 4rem 1fr; gap: 1rem; padding: 0.5rem 1.125rem; }
.users > div + div { border-top: 1px solid var(--line); }
.users dt { font-weight: 600; min-width: 0; }
.users dd { color: var(--soft); min-width: 0; }
.home-more { margin-top: 1.5rem; padding-top: 1.125rem; border-top: 1px solid var(--line); }
.snippet-box { border: 1px solid var(--line); border-radius: 12px; background: var(--inset); overflow: hidden; }
.snippet-head { display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; padding: 0.3125rem 0.3125rem 0.3125rem 1.125rem; min-height: 54px; border-bottom: 1px solid var(--line); color: var(--soft); font-size: 0.875rem; line-height: 1.4; }
.snippet { margin: 0; padding: 0.875rem 1.125rem; color: var(--ink); font-size: 0.9375rem; line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; }

/* Errors */
.error-status { color: var(--soft); font-size: 0.9375rem; margin-bottom: 0.5rem; }
.error-status strong { color: var(--ink); }
.settings { margin: 1.25rem 0; border: 1px solid var(--line); border-radius: 12px; background: var(--inset); overflow: hidden; }
.settings > div { padding: 0.75rem 1.125rem; }
.settings > div + div { border-top: 1px solid var(--line); }
.settings dt { font-weight: 600; }
.settings dd { color: var(--soft); }
.narrow main > .snippet { margin: 0.75rem 0 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--inset); }
.narrow main > h2 { margin-top: 1.75rem; }

@media (min-width: 44rem) {
  .leave-choices { grid-template-columns: 1fr 1fr; }
}

@media (max-width: 30rem) {
  .grant { grid-template-columns: minmax(0, 1fr); }
  .grant .button, .end-all .button { width: 100%; }
}

/* Forced colours would draw the arrow of a fold in the colour of its border. */
@media (forced-colors: active) {
  .way summary::before, .client summary::before { border-color: CanvasText; }
}
`
