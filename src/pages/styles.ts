import { pageStyles } from './page-styles.ts'

/**
 * The stylesheet of all pages, served as a file because the CSP allows no inline style. System fonts only. Colours are
 * named once per scheme; a test computes their contrast.
 */
export const styles = `:root {
  color-scheme: light dark;
  --ground: #f3f3ee;
  --surface: #ffffff;
  --inset: #f6f7f3;
  --ink: #1a211f;
  --soft: #525d59;
  --line: #dcded6;
  --control: #75807b;
  --accent: #0b5a52;
  --accent-deep: #073f39;
  --on-accent: #ffffff;
  --warn-ground: #fdf4e1;
  --warn-line: #b3741a;
  --warn-ink: #583906;
  --shadow: 0 1px 2px rgb(26 33 31 / 6%), 0 12px 32px -12px rgb(26 33 31 / 14%);
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}

@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101513;
    --surface: #181f1c;
    --inset: #131917;
    --ink: #e7ecea;
    --soft: #a6b2ad;
    --line: #2d3733;
    --control: #7f8c87;
    --accent: #7ad3c3;
    --accent-deep: #a3e4d8;
    --on-accent: #05231f;
    --warn-ground: #2a2210;
    --warn-line: #cf9a42;
    --warn-ink: #f2deb4;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 12px 32px -12px rgb(0 0 0 / 60%);
  }
}

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }

html { background: var(--ground); color: var(--ink); font: 1rem/1.55 var(--sans); -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }

body {
  margin: 0 auto;
  padding: clamp(1rem, 5vh, 3.5rem) 1rem 3rem;
  max-width: 40rem;
  /* For a name or a host of 253 characters without a space. */
  overflow-wrap: anywhere;
}
body.wide { max-width: 52rem; }

h1, h2, h3, p, dl, dd, ul, pre, fieldset { margin: 0; padding: 0; }
h1 { font-size: clamp(1.6rem, 1.35rem + 1.2vw, 2rem); line-height: 1.2; letter-spacing: -0.015em; font-weight: 650; text-wrap: balance; }
h2, legend { font-size: 1.0625rem; line-height: 1.35; font-weight: 650; }
h3 { font-size: 1rem; font-weight: 650; }
code, .mono { font-family: var(--mono); font-size: 0.9em; }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:hover { color: var(--accent-deep); }

:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 4px; }

.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

/* Frame */
.brand { display: flex; align-items: center; gap: 0.625rem; margin: 0 0 1rem; color: var(--soft); font-size: 0.9375rem; font-weight: 600; }
.brand span { min-width: 0; }
.mark { flex: none; display: block; }
.mark-ground { fill: var(--accent); }
.mark-line { fill: none; stroke: var(--on-accent); stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }

main { background: var(--surface); border: 1px solid var(--line); border-radius: 18px; box-shadow: var(--shadow); padding: clamp(1.25rem, 4vw, 2.5rem); }
main > h1 + .lead { margin-top: 0.625rem; }
.lead { color: var(--soft); font-size: 1.0625rem; text-wrap: pretty; }

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
.plate + .notice { margin-top: -0.875rem; }
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
.scope-text { min-width: 0; display: flex; flex-direction: column; gap: 0.1875rem; }
.scope-facts { display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem 0.625rem; color: var(--soft); font-size: 0.9375rem; }

.next { margin-top: 1.75rem; }
.next ul { margin-top: 0.5rem; padding-left: 1.25rem; color: var(--soft); }
.next li { padding-left: 0.125rem; }
.next li + li { margin-top: 0.375rem; }
.next li::marker { color: var(--control); }
.codes code { display: inline-block; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; background: var(--inset); padding: 0 0.4375rem; color: var(--ink); font-size: 0.8125rem; line-height: 1.6; }

.caution { margin-top: 1.75rem; padding-top: 1.375rem; border-top: 1px solid var(--line); font-weight: 650; }
.decision { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; margin-top: 1rem; }
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

/* Endings */
.tone { display: block; margin-bottom: 1.125rem; fill: none; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
.tone circle { stroke-width: 1.6; }
.tone.done { stroke: var(--accent); }
.tone.problem { stroke: var(--warn-line); }
.tone.problem circle { fill: var(--warn-ground); }
.incident { margin-top: 1.75rem; padding-top: 1.125rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.9375rem; }
.incident code { color: var(--ink); }

/* A field of a message */
.fact { margin: 1.25rem 0 0; }

/* On the way */
.track { position: relative; height: 4px; border-radius: 4px; background: var(--line); overflow: hidden; margin-bottom: 1.5rem; }
.track::after { content: ''; position: absolute; inset: 0 60% 0 0; border-radius: 4px; background: var(--accent); animation: along 1.4s ease-in-out infinite alternate; }
@keyframes along { from { transform: translateX(0); } to { transform: translateX(150%); } }

${pageStyles}
@media (min-width: 44rem) {
  .plate dl > div { display: grid; grid-template-columns: 8.5rem 1fr; gap: 1rem; align-items: baseline; }
  .plate dl > .plate-first { display: block; }
}

@media (max-width: 30rem) {
  body { padding: 1rem 0.75rem 2rem; }
  main { border-radius: 14px; }
  .actions .button { width: 100%; }
}

@media (prefers-reduced-motion: reduce) {
  .track::after { animation: none; }
  .button { transition: none; }
}

@media (prefers-contrast: more) {
  :root { --line: var(--control); --soft: var(--ink); }
}

/* Forced colours remove our backgrounds, so each meaning that only a colour carried gets an edge. */
@media (forced-colors: active) {
  .button.primary { border-width: 3px; font-weight: 700; }
  .mark-ground { fill: Canvas; stroke: CanvasText; }
  .mark-line, .tone { stroke: CanvasText; }
  .tone.problem circle { fill: Canvas; }
  .scope input { accent-color: auto; }
  .track { border: 1px solid CanvasText; }
  .track::after { background: Highlight; }
}
`
