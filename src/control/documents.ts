import { parse, type ParseError, printParseErrorCode, visit } from 'jsonc-parser'
import { err, ok, type Result } from '#lib/result.ts'
import { canonicalPolicy } from '#policy/canonical.ts'
import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument } from '#policy/document.ts'
import type { Policy } from '#policy/policy.ts'

export const MOST_DOCUMENT_BYTES = 256 * 1024
const MOST_PROBLEMS = 20

/** A hash as the log shows it: in full it looks like a secret, and is redacted. */
export const shortHash = (hash: string): string => hash.slice(0, 12)

/** A document that this release can decide with. */
export interface ValidDocument {
  document: PolicyDocument
  /** Its canonical JSON: what is stored, sent and hashed. */
  text: string
  policy: Policy
}

/** Reads and compiles a document, which may have comments and trailing commas. The error: what is wrong with it, in sentences. */
export async function readPolicyText(text: string): Promise<Result<ValidDocument, string[]>> {
  if (isTooLong(text)) return err([TOO_LONG])
  const json = readJsonc(text)
  if (!json.ok) return json
  const parsed = PolicyDocument.safeParse(json.value)
  if (!parsed.success) {
    const { issues } = parsed.error
    return err(issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => `${placeOf(path)}: ${message}`))
  }
  const document = parsed.data
  const canonical = canonicalPolicy(document)
  // With its defaults written out it may be longer than it was.
  if (isTooLong(canonical)) return err([TOO_LONG])
  const policy = await compilePolicy(document)
  return policy.ok ? ok({ document, text: canonical, policy: policy.value }) : policy
}

const TOO_LONG = `the document is longer than ${MOST_DOCUMENT_BYTES / 1024} KiB`

const isTooLong = (text: string): boolean =>
  text.length > MOST_DOCUMENT_BYTES || new TextEncoder().encode(text).byteLength > MOST_DOCUMENT_BYTES

const placeOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? 'document' : path.join('.'))

/** Strict: a syntax error, or a name that stands twice in an object, is a problem and never repaired. */
function readJsonc(text: string): Result<unknown, string[]> {
  const problems: string[] = []
  const names: Set<string>[] = []
  const at = (line: number, character: number) => `line ${line + 1}, character ${character + 1}`
  try {
    visit(
      text,
      {
        onObjectBegin: () => void names.push(new Set()),
        onObjectEnd: () => void names.pop(),
        onObjectProperty: (name, _offset, _length, line, character) => {
          const known = names.at(-1)
          if (known?.has(name)) problems.push(`${at(line, character)}: this object has ${name} twice`)
          known?.add(name)
        },
        onError: (code, _offset, _length, line, character) =>
          void problems.push(`${at(line, character)}: ${printParseErrorCode(code)}`),
      },
      OPTIONS,
    )
    const errors: ParseError[] = []
    const value: unknown = parse(text, errors, OPTIONS)
    if (problems.length === 0 && errors.length === 0) return ok(value)
  } catch (error) {
    // Ten thousand nested brackets.
    if (!(error instanceof RangeError)) throw error
    return err(['the document is nested too deeply'])
  }
  return err(problems.slice(0, MOST_PROBLEMS))
}

const OPTIONS = { allowTrailingComma: true, disallowComments: false, allowEmptyContent: false }
