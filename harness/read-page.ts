import { type DefaultTreeAdapterTypes, html, parse } from 'parse5'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

/** A control that would be sent; `isTicked` is null if it cannot be ticked. */
interface Field {
  readonly name: string
  readonly value: string
  readonly type: string
  readonly isTicked: boolean | null
}

interface Button {
  readonly name: string
  readonly value: string
}

export interface Form {
  readonly action: URL
  readonly method: 'get' | 'post'
  /** In document order, without disabled controls (HTML, constructing the entry list). */
  readonly fields: readonly Field[]
  readonly buttons: readonly Button[]
}

export interface PageContent {
  readonly title: string
  /** The visible text, in one line. */
  readonly text: string
  readonly forms: readonly Form[]
  readonly links: readonly { readonly href: URL; readonly text: string }[]
  /** Target of `<meta http-equiv=refresh>`. */
  readonly refresh: URL | undefined
}

export function readPage(markup: string, url: URL): PageContent {
  const elements = [...elementsIn(parse(markup))]
  const named = (name: string) => elements.filter((element) => element.tagName === name)
  const refresh = named('meta').find((meta) => attribute(meta, 'http-equiv')?.toLowerCase() === 'refresh')
  const target = /^[\d.\s]*[;,]?\s*url\s*=\s*(?:(["'])(.*?)\1|(.*))/i.exec(
    attribute(refresh, 'content') ?? '',
  )
  return {
    title: oneLine(named('title')[0]),
    text: oneLine(named('body')[0]),
    forms: named('form').map((form) => readForm(form, url)),
    links: named('a').flatMap((link) => {
      const href = attribute(link, 'href')
      return href === undefined ? [] : [{ href: new URL(href, url), text: oneLine(link) }]
    }),
    refresh: target === null ? undefined : new URL(target[2] ?? target[3] ?? '', url),
  }
}

const CONTROLS = new Set(['input', 'button', 'select', 'textarea'])
const BUTTONS = new Set(['submit', 'image', 'reset', 'button'])

function readForm(form: Element, url: URL): Form {
  const controls = [...elementsIn(form)].filter(
    (element) => CONTROLS.has(element.tagName) && !isDisabled(element),
  )
  const typeOf = (control: Element): string =>
    attribute(control, 'type')?.toLowerCase() ?? (control.tagName === 'button' ? 'submit' : 'text')
  const valueOf = (control: Element): string =>
    control.tagName === 'textarea' ? textOf(control) : (attribute(control, 'value') ?? '')
  const nameOf = (control: Element): string => attribute(control, 'name') ?? ''
  const isTickable = (control: Element): boolean => ['checkbox', 'radio'].includes(typeOf(control))
  return {
    action: new URL(attribute(form, 'action') ?? url.href, url),
    method: attribute(form, 'method')?.toLowerCase() === 'post' ? 'post' : 'get',
    fields: controls
      .filter((control) => nameOf(control) !== '' && !BUTTONS.has(typeOf(control)))
      .map((control) => ({
        name: nameOf(control),
        value: isTickable(control) ? (attribute(control, 'value') ?? 'on') : valueOf(control),
        type: typeOf(control),
        isTicked: isTickable(control) ? attribute(control, 'checked') !== undefined : null,
      })),
    buttons: controls
      .filter((control) => typeOf(control) === 'submit')
      .map((control) => ({ name: nameOf(control), value: valueOf(control) })),
  }
}

/** A control in a disabled fieldset is disabled too. */
function isDisabled(element: Element): boolean {
  if (attribute(element, 'disabled') !== undefined) return true
  for (let up = element.parentNode; up !== null && isElement(up); up = up.parentNode) {
    if (up.tagName === 'fieldset' && attribute(up, 'disabled') !== undefined) return true
  }
  return false
}

function* elementsIn(node: Node): Generator<Element> {
  if (isElement(node)) yield node
  if ('childNodes' in node) for (const child of node.childNodes) yield* elementsIn(child)
}

const isElement = (node: Node | null): node is Element =>
  node !== null && 'tagName' in node && node.namespaceURI === html.NS.HTML

const attribute = (element: Element | undefined, name: string): string | undefined =>
  element?.attrs.find((candidate) => candidate.name === name)?.value

const textOf = (node: Node): string => {
  if ('value' in node) return node.value
  if (isElement(node) && ['script', 'style'].includes(node.tagName)) return ''
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : ''
}

const oneLine = (node: Node | undefined): string =>
  node === undefined ? '' : textOf(node).replaceAll(/\s+/g, ' ').trim()
