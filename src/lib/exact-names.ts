// Names that are compared letter by letter: written as the URL parser would write them, or two spellings are one place.

/** An https URL that names a document: with a path, without credentials or a fragment. */
export function isExactDocumentUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { href, protocol, username, password, pathname, hash } = new URL(text)
  const isPlain = username === '' && password === '' && hash === '' && pathname !== '/'
  return href === text && protocol === 'https:' && isPlain
}

/** A host, with its port where that is not 443. No patterns: the parser lets a star pass, which would mean nothing. */
export const isExactHost = (text: string): boolean =>
  !text.includes('*') && URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text
