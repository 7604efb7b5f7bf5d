import { pageStyles } from './page-styles.ts'
import { questionStyles } from './question-styles.ts'

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

main { --pad: clamp(1.25rem, 4vw, 2.5rem); background: var(--surface); border: 1px solid var(--line); border-radius: 18px; box-shadow: var(--shadow); padding: var(--pad); }
h1 + .lead { margin-top: 0.625rem; }
.foot { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.25rem 1.5rem; margin-top: 1.25rem; font-size: 0.9375rem; }
.foot a { padding: 0.625rem 0; color: var(--soft); }
.lead { color: var(--soft); font-size: 1.0625rem; text-wrap: pretty; }

${questionStyles}
/* Endings */
.tone { display: block; margin-bottom: 1.125rem; fill: none; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
.tone circle { stroke-width: 1.6; }
.tone.done { stroke: var(--accent); }
.tone.problem { stroke: var(--warn-line); }
.tone.problem circle { fill: var(--warn-ground); }
.incident { margin-top: 1.75rem; padding-top: 1.125rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.9375rem; }
.incident code { color: var(--ink); }

/* A field of a message, and what to do next in the client */
.to-do { margin: 0.75rem 0 0; padding-left: 1.375rem; }
.to-do li + li { margin-top: 0.375rem; }
.to-do li::marker { color: var(--soft); }
.fact { margin: 1.25rem 0 0; }

/* On the way */
.track { position: relative; height: 4px; border-radius: 4px; background: var(--line); overflow: hidden; margin-bottom: 1.5rem; }
.track::after { content: ''; position: absolute; inset: 0 60% 0 0; border-radius: 4px; background: var(--accent); animation: along 1.4s ease-in-out infinite alternate; }
@keyframes along { from { transform: translateX(0); } to { transform: translateX(150%); } }

${pageStyles}
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
