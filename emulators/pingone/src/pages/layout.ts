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
:root { color-scheme: light dark; --line: #c9ced6; --soft: #f3f5f8; --ink: #16202c; --page: #fff; --act: #1a5fb4; --on-act: #fff; --bad: #a51d2d; }
@media (prefers-color-scheme: dark) {
  :root { --line: #465060; --soft: #1c232d; --ink: #e6eaf0; --page: #12171e; --act: #78aeed; --on-act: #10151b; --bad: #ff8a8a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--soft); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 6vh auto; padding: 1.5rem; background: var(--page); border: 1px solid var(--line); border-radius: 12px; }
main.wide { max-width: 72rem; margin: 1.5rem auto; }
@media (max-width: 30rem) { main { margin: 0; border: 0; border-radius: 0; min-height: 100vh; } }
h1 { margin: 0 0 1rem; font-size: 1.35rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
label { display: block; margin: .75rem 0; }
input:not([type=checkbox]), select { width: 100%; margin-top: .35rem; padding: .55rem .7rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 8px; }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; margin-right: .5rem; vertical-align: -.15rem; }
button { padding: .6rem 1.1rem; margin: .5rem .5rem 0 0; font: inherit; border: 1px solid var(--act); border-radius: 8px; background: var(--act); color: var(--on-act); cursor: pointer; }
button.quiet { background: transparent; color: var(--act); }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
code { overflow-wrap: anywhere; }
.note { color: var(--bad); }
.links { margin-top: 1.25rem; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
.switches { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 0 1rem; }
.row form { display: inline-block; margin-right: .5rem; }
`,
}

export function layout(title: string, body: Markup, width: 'narrow' | 'wide' = 'narrow'): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} - PingOne emulator</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main class="${width}">
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `
}
