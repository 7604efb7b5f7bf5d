/** Text that is already safe HTML. Only `html` and `style` sheets make it. */
export interface Markup {
  readonly markup: string
}

type Fill = string | number | Markup | readonly Markup[]

/** A template whose fills are escaped unless they are markup themselves. */
export function html(parts: TemplateStringsArray, ...fills: readonly Fill[]): Markup {
  return { markup: parts.map((part, at) => part + written(fills[at] ?? '')).join('') }
}

/** Nothing at all, for a part of a page that is not there. */
export const nothing: Markup = { markup: '' }

function written(fill: Fill): string {
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
