import { words } from './words.ts'

/** Safe HTML, produced by `html` or a constant of this project. */
export interface Markup {
  readonly markup: string
}

type Fill = string | number | Markup | readonly Markup[]

/** A template that escapes every value except Markup. */
export function html(parts: TemplateStringsArray, ...fills: readonly Fill[]): Markup {
  return { markup: parts.map((part, at) => part + render(fills[at] ?? '')).join('') }
}

export const nothing: Markup = { markup: '' }

function render(fill: Fill): string {
  if (typeof fill === 'string' || typeof fill === 'number') return escape(String(fill))
  if ('markup' in fill) return fill.markup
  return fill.map((part) => part.markup).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '')

const style: Markup = {
  markup: `
:root { color-scheme: light dark; --line: #c9ced6; --control: #737d8a; --soft: #f3f5f8; --quiet: #55606e; --ink: #16202c; --page: #fff; --act: #1a5fb4; --on-act: #fff; --bad: #a51d2d; --good: #1d6b3a; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4452; --control: #7f8a99; --soft: #12171e; --quiet: #a5b0be; --ink: #e6eaf0; --page: #1c232d; --act: #78aeed; --on-act: #10151b; --bad: #ff8a8a; --good: #7fd6a0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 27rem; padding: clamp(1rem, 6vh, 4rem) 1rem 2rem; background: var(--soft); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
body.wide { max-width: 74rem; padding-top: 1.5rem; }
.company { display: flex; align-items: center; gap: .6rem; margin: 0 0 1rem; font-weight: 650; }
.company svg { flex: none; }
.company rect { fill: var(--act); }
.company path { fill: none; stroke: var(--on-act); stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
main { padding: clamp(1.25rem, 5vw, 2rem); background: var(--page); border: 1px solid var(--line); border-top: 4px solid var(--act); border-radius: 12px; }
footer { margin-top: 1rem; color: var(--quiet); font-size: .875rem; text-align: center; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
h1 + * { margin-top: .5rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
form { margin: 0; }
label { display: block; margin: 1rem 0; font-weight: 550; }
input:not([type=checkbox]), select { width: 100%; min-height: 44px; margin-top: .25rem; padding: .55rem .7rem; font: inherit; font-weight: 400; color: inherit; background: var(--page); border: 1px solid var(--control); border-radius: 8px; }
fieldset { margin: 1.25rem 0 0; padding: 0; border: 0; }
legend { padding: 0; font-weight: 600; }
.box { display: flex; align-items: center; gap: .75rem; min-height: 44px; margin: .5rem 0 0; padding: .5rem .8rem; border: 1px solid var(--line); border-radius: 8px; font-weight: 400; cursor: pointer; }
.box:hover { background: var(--soft); }
input[type=checkbox] { flex: none; width: 1.2rem; height: 1.2rem; margin: 0; accent-color: var(--act); }
button { min-height: 44px; padding: .6rem 1.1rem; font: inherit; font-weight: 600; border: 1px solid var(--act); border-radius: 8px; background: var(--act); color: var(--on-act); cursor: pointer; }
button.quiet { background: transparent; color: var(--act); }
body.narrow form > button { width: 100%; margin-top: .5rem; }
.decision { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin-top: 1.25rem; }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.note { margin: 1rem 0 0; padding: .6rem .9rem; border: 1px solid currentColor; border-radius: 8px; color: var(--bad); }
.note.done { color: var(--good); }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.25rem 0 0; color: var(--quiet); font-size: .9375rem; }
.hint { margin: 1.25rem 0 0; padding-top: 1.25rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .9375rem; }
.hint code { color: var(--ink); font-weight: 600; margin-right: .35rem; }
.scroll { max-height: 28rem; overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
.switches { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 0 1rem; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
`,
}

const mark: Markup = html`<svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">
  <rect width="24" height="24" rx="6" />
  <path d="M7 16.5v-5l5-4 5 4v5M7 16.5h10" />
</svg>`

/** The frame of every page: the company above, what this is below. */
export function layout(title: string, body: Markup, width: 'narrow' | 'wide' = 'narrow'): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${words.company}</title>
        <style>
          ${style}
        </style>
      </head>
      <body class="${width}">
        <header class="company">${mark} ${words.company}</header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
        <footer>${words.foot}</footer>
      </body>
    </html> `
}
