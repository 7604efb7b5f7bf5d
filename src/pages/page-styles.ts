/**
 * The styles of the home page, a user's own page and the error pages. /assets/pages.css is styles.ts and then this.
 */
export const pageStyles = `
/* A user's own page: clients, and their grants */
.clients { list-style: none; display: grid; gap: 0.875rem; margin-top: 1.25rem; }
.client { border: 1px solid var(--line); border-radius: 12px; background: var(--inset); overflow: hidden; }
.client-who { padding: 0.875rem 1.125rem 0; }
.client-name { font-size: 1.1875rem; line-height: 1.3; }
.client-place { color: var(--soft); font-size: 0.9375rem; }
.client-place .host { color: var(--ink); }
.client-place .tag { vertical-align: 0.08em; }
.client-grants { list-style: none; }
.grant { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.5rem 1rem; align-items: center; margin: 0; padding: 0.625rem 1.125rem 0.875rem; }
.grant + .grant { border-top: 1px dashed var(--line); padding-top: 0.875rem; }
.grant-facts { min-width: 0; }
.grant-may { list-style: none; }
.grant-may code { color: var(--soft); font-size: 0.8125rem; white-space: nowrap; }
.grant .button { min-height: 44px; min-width: 5rem; padding-inline: 1rem; }

/* Asks before it ends everything */
.end-all { display: block; margin-top: 1.25rem; }
.end-all summary { display: flex; align-items: center; min-height: 44px; width: fit-content; padding: 0.25rem 1rem; border: 1px solid var(--control); border-radius: 10px; font-weight: 600; cursor: pointer; list-style: none; }
.end-all summary::-webkit-details-marker { display: none; }
.end-all summary:hover { background: var(--inset); border-color: var(--ink); }
.end-all[open] summary { border-radius: 10px 10px 0 0; border-bottom-color: transparent; }
.end-all form { display: grid; gap: 0.875rem; justify-items: start; padding: 1rem 1.125rem; border: 1px solid var(--warn-line); border-radius: 0 10px 10px 10px; background: var(--warn-ground); color: var(--warn-ink); }

.earlier-more { margin-top: 0.625rem; }
.earlier-more summary { min-height: 44px; padding-block: 0.5rem; cursor: pointer; font-weight: 600; }

/* Home: one fold for each client */
.ways { margin-top: 1.5rem; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.way + .way { border-top: 1px solid var(--line); }
.way summary { display: flex; align-items: center; gap: 0.75rem; min-height: 52px; padding: 0.5rem 1.125rem; cursor: pointer; list-style: none; }
.way summary::-webkit-details-marker { display: none; }
.way summary:hover { background: var(--inset); }
.way summary:focus-visible { outline-offset: -3px; border-radius: 12px; }
.way summary::before { content: ''; flex: none; width: 0.5rem; height: 0.5rem; border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(-45deg); }
.way[open] summary::before { transform: translateY(-0.125rem) rotate(45deg); }
.wide .way h2 { margin: 0; }
.way-body { display: grid; gap: 0.75rem; padding: 0.25rem 1.125rem 1.125rem; color: var(--soft); }
.way-body > * { min-width: 0; }
.home-users p { color: var(--soft); }
.wide .home-users h2 { margin-top: 1.75rem; }
.home-more { margin-top: 1.5rem; padding-top: 1.125rem; border-top: 1px solid var(--line); }

/* Errors */
.error-status { color: var(--soft); font-size: 0.9375rem; margin-bottom: 0.5rem; }
.error-status strong { color: var(--ink); }
.settings { margin: 1.25rem 0; border: 1px solid var(--line); border-radius: 12px; background: var(--inset); overflow: hidden; }
.settings > div { padding: 0.75rem 1.125rem; }
.settings > div + div { border-top: 1px solid var(--line); }
.settings dt { font-weight: 600; }
.settings dd { color: var(--soft); }

@media (max-width: 30rem) {
  .grant { grid-template-columns: minmax(0, 1fr); }
  .grant .button, .end-all .button { width: 100%; }
}

/* Forced colours remove backgrounds and borders drawn by colour alone. */
@media (forced-colors: active) {
  .way summary::before { border-color: CanvasText; }
}
`
