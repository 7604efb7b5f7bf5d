/**
 * The part of the stylesheet for a question and its answers: who asks (also on the account page), the warning, the scopes,
 * and buttons that decide.
 */
export const questionStyles = `/* A client's name in a question is one bold value among our words. */
.question { font-weight: 500; }
.question strong { font-weight: 700; }
.question bdi { word-break: break-word; }
.question ~ .plate { margin-top: 1.25rem; }

/* The plate shows the client. The address is the largest text, because only the address is verified by the network. */
.plate { background: var(--inset); border: 1px solid var(--line); border-radius: 12px; margin: 0 0 1.75rem; overflow: hidden; }
.plate dl > div { padding: 0.8125rem 1.125rem; border-top: 1px dashed var(--line); }
.plate dl > .plate-first { border-top: 0; padding-block: 1rem 1.125rem; padding-left: calc(1.125rem - 4px); border-left: 4px solid var(--accent); }
.plate dt { color: var(--soft); font-size: 0.875rem; }
.plate dd { min-width: 0; }
/* Breaks where the line is full: a break at a hyphen would split xn-- and change what a host reads as. */
.host, .notice bdi, .button bdi { word-break: break-all; }
.host { font-family: var(--mono); font-weight: 600; }
.plate-first .host { font-size: clamp(1.2rem, 1rem + 1.4vw, 1.5rem); line-height: 1.3; }
.plate-note { padding: 0.8125rem 1.125rem; border-top: 1px dashed var(--line); color: var(--soft); font-size: 0.9375rem; }
.tag { display: inline-block; border: 1px solid var(--control); border-radius: 99px; padding: 0 0.5625rem; color: var(--soft); font-size: 0.8125rem; line-height: 1.5; white-space: nowrap; }
.plate .tag { margin-left: 0.25rem; vertical-align: 0.08em; font-family: var(--sans); }
.tag.doubt { border-color: var(--warn-line); background: var(--warn-ground); color: var(--warn-ink); }

.notice { border: 1px solid var(--warn-line); border-left-width: 4px; border-radius: 12px; background: var(--warn-ground); color: var(--warn-ink); padding: 0.875rem 1.125rem; margin: 0 0 1.75rem; }
.plate + .notice { margin-top: -1rem; }
.notice-title { font-weight: 650; }
.notice bdi { font-weight: 600; }

/* The question and its answers */
fieldset { border: 0; min-width: 0; margin-top: 1.75rem; }
legend { padding: 0; margin-bottom: 0.625rem; }
.scopes { list-style: none; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.scopes > li + li { border-top: 1px solid var(--line); }
.scope { display: flex; gap: 0.875rem; align-items: flex-start; padding: 0.875rem 1.125rem; min-height: 44px; cursor: pointer; }
.scope:hover { background: var(--inset); }
.scope:has(:disabled) { cursor: default; background: none; }
.scope:has(:focus-visible) { background: var(--inset); }
.scope input { flex: none; width: 1.25rem; height: 1.25rem; margin: 0.15rem 0 0; accent-color: var(--accent); }
.scope-text { min-width: 0; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.625rem; }
.scope-facts { display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem 0.625rem; color: var(--soft); font-size: 0.9375rem; }

.scopes.listed { padding: 0; color: var(--ink); }
.scopes.listed li { margin: 0; padding: 0.8125rem 1.125rem; }
.scopes.listed .held { color: var(--soft); }
.tag.new { border-color: var(--accent); color: var(--accent); }
.remark { margin-top: 0.875rem; color: var(--soft); font-size: 0.9375rem; }

.fold { margin-top: 0.75rem; }
.fold summary { width: fit-content; padding: 0.625rem 0; color: var(--accent); font-weight: 600; font-size: 0.9375rem; cursor: pointer; }
.fold summary:hover { color: var(--accent-deep); }
.fold p { color: var(--soft); font-size: 0.9375rem; }
.fold p + p { margin-top: 0.5rem; }
.fold[open] { padding-bottom: 0.625rem; }
.fold + .fold { margin-top: 0; }
.fold + .where-wide { margin-top: 1rem; }

.next { margin-top: 1.75rem; }
.next ul { margin-top: 0.5rem; padding-left: 1.25rem; color: var(--soft); }
.next li { padding-left: 0.125rem; }
.next li + li { margin-top: 0.375rem; }
.next li::marker { color: var(--control); }
.codes code { display: inline-block; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; background: var(--inset); padding: 0 0.4375rem; color: var(--ink); font-size: 0.8125rem; line-height: 1.6; }

.deciding { margin-block: 1.25rem 1.5rem; padding-block: 1.125rem 1.5rem; border-block: 1px solid var(--line); background: var(--surface); }
.deciding + .fold { margin-top: 1rem; }
.caution { font-weight: 650; }
.decision { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; margin-top: 0.75rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.75rem; }
.actions form { display: contents; }

.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 48px;
  min-width: 0;
  padding: 0.625rem 1.375rem;
  border: 1.5px solid var(--control);
  border-radius: 10px;
  background: var(--surface);
  color: var(--ink);
  font: 600 1rem/1.3 var(--sans);
  text-align: center;
  text-decoration: none;
  cursor: pointer;
  transition: background-color 120ms ease, border-color 120ms ease;
}
.button:hover { background: var(--inset); border-color: var(--ink); color: var(--ink); }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.primary:hover { background: var(--accent-deep); border-color: var(--accent-deep); color: var(--on-accent); }
a.button { display: inline-block; line-height: 1.625; }
.button:focus-visible { border-radius: 10px; }

/*
 * Armed: a button that decides is hidden for a second after the page is shown, for pointer, keyboard and screen reader
 * alike. Tick boxes are hidden too, because Enter in one of them submits the form.
 * A pointer that arrives later waits half a second, about a double click: the window above this page may just have
 * closed. A press beside the buttons restarts that half second, so hasty clicks never get through.
 * None of this is motion, so prefers-reduced-motion changes nothing.
 */
.armed, .armed .button, .scope { position: relative; }
.armed .button, .scope input { animation: arm 1s step-end both; }
/* Until then outlines, which nothing can press. */
.armed .button::before, .scope::before { content: ''; position: absolute; border: 1.5px solid var(--line); pointer-events: none; animation: lift 1s step-end both; }
.armed .button::before { inset: -1.5px; border-radius: 10px; }
.scope::before { left: 1.125rem; top: 1.025rem; width: 1.25rem; height: 1.25rem; border-radius: 4px; }
@keyframes arm { from { visibility: hidden; } to { visibility: visible; } }
@media (hover: hover) {
  .armed:hover::after { content: ''; position: absolute; inset: 0; cursor: progress; animation: lift 500ms step-end forwards; }
  .armed:active:not(:has(.button:active))::after { animation: none; }
}
@keyframes lift { from { visibility: visible; } to { visibility: hidden; } }

@media (min-width: 44rem) {
  .where-narrow { display: none; }
  .plate dl > div { display: grid; grid-template-columns: 8.5rem 1fr; gap: 1rem; align-items: baseline; }
  .plate dl > .plate-first { display: block; }
}

@media (max-width: 43.99rem) {
  .where-wide { display: none; }
  .fold.next { margin-top: 0; }
  .fold.next ul { margin-top: 0; }
}

/* The buttons stay in view on a small screen, unless they would cover most of it. */
@media (max-width: 43.99rem) and (min-height: 32rem) {
  html:has(.deciding) { scroll-padding-bottom: 10rem; }
  .deciding { position: sticky; bottom: 0; z-index: 1; margin-inline: calc(-1 * var(--pad)); padding: 0.75rem var(--pad) calc(0.875rem + env(safe-area-inset-bottom)); }
  .deciding .caution { font-size: 0.9375rem; line-height: 1.4; }
  .deciding .decision { margin-top: 0.625rem; }
}

@media (max-width: 30rem) {
  .plate dl > div { padding-block: 0.5rem; }
  .plate dl > .plate-first { padding-block: 0.75rem; }
  .plate, .notice { margin-bottom: 1.25rem; }
  .plate + .notice { margin-top: -0.625rem; }
  fieldset { margin-top: 1.25rem; }
}
`
