import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AuditEvent } from '#events/event.ts'
import { PolicyDocument, Rule } from '#policy/document.ts'
import { PeerFile } from '../bench/peer.ts'
import { unknownSettings } from './commands.ts'
import { type CodeBlock, ROOT } from './pages.ts'

const McpUrl = z.string().regex(/^(?:http:\/\/localhost:8787|https:\/\/[\w.-]+)\/mcp$/)
const HttpServer = z.looseObject({ url: McpUrl }).or(z.looseObject({ httpUrl: McpUrl }))
const CommandServer = z.strictObject({
  command: z.literal('npx'),
  args: z
    .array(z.string())
    .refine((all) => all.some((word) => McpUrl.safeParse(word).success), 'names no /mcp'),
})
const Servers = z.record(z.string(), z.union([HttpServer, CommandServer]))

/** What the JSON of the pages is; a block is checked by the first kind that has its top-level key. */
const KINDS: readonly { readonly key: RegExp; readonly schema: () => z.ZodType }[] = [
  { key: /^(?:mcpServers|servers|mcp)$/, schema: () => z.record(z.string(), Servers) },
  { key: /^tool$/, schema: () => PeerFile },
  { key: /^_meta$/, schema: () => z.strictObject({ _meta: z.record(z.string().includes('/'), z.string()) }) },
  { key: /^what$/, schema: () => Rule },
  { key: /^rules$/, schema: () => PolicyDocument },
  { key: /^data$/, schema: () => Webhook },
  { key: /^[A-Z][A-Z0-9_]*$/, schema: () => Settings },
  { key: /^(?:routes|env|vars|services|kv_namespaces|d1_databases)$/, schema: wranglerSchema },
]

const Settings = z.record(z.string(), z.string()).superRefine((settings, context) => {
  for (const message of unknownSettings(Object.keys(settings))) context.addIssue({ code: 'custom', message })
})

/** The body of a webhook (src/users/audit/webhook.ts). */
const Webhook = z.strictObject({ type: z.string(), timestamp: z.string(), data: AuditEvent })

const JsonSchema = z.record(z.string(), z.unknown())

/** Wrangler's own description of its configuration file, unknown names refused. */
function wranglerSchema(): z.ZodType {
  const file = join(ROOT, 'node_modules/wrangler/config-schema.json')
  return z.fromJSONSchema(JsonSchema.parse(JSON.parse(readFileSync(file, 'utf8'))))
}

/** What is wrong with a block of JSON, or of JSON with comments. A part of an object has no braces of its own. */
export function dataFaults({ language, code, attributes }: CodeBlock): readonly string[] {
  const plain = language === 'jsonc' ? withoutComments(code) : code
  const isPart = plain.trimStart().startsWith('"')
  const whole = isPart ? `{${plain.replace(/,\s*$/, '')}}` : plain
  let value: unknown
  try {
    value = JSON.parse(whole)
  } catch (error) {
    return [`it does not parse: ${String(error)}`]
  }
  if (attributes.has('example')) return attributes.get('example') === '' ? ['example needs a reason'] : []
  const keys = Object.keys(JsonSchema.catch({}).parse(value))
  const kind = KINDS.find(({ key }) => keys.some((name) => key.test(name)))
  if (kind === undefined)
    return [
      'nothing here knows what this JSON is: add its kind to scripts/docs/data.ts, or mark it example="<reason>"',
    ]
  const read = kind.schema().safeParse(value)
  return read.success ? [] : [z.prettifyError(read.error)]
}

const withoutComments = (text: string): string =>
  text
    .replaceAll(
      /("(?:[^"\\]|\\.)*")|\/\/.*$|\/\*[\s\S]*?\*\//gm,
      (_, quoted: string | undefined) => quoted ?? '',
    )
    .replaceAll(/,(?=\s*[}\]])/g, '')
