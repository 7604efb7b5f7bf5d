import { makeLists } from '#mcp/listed.ts'
import { catalog } from '../../test/support/product.ts'

/** Tokens of the tool list, which a model pays for on every turn. */
export const TOOL_LIST_BUDGET = 2000

/** Typical for JSON of English words; an estimate that does not depend on a tokenizer. */
const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

const lists = makeLists(catalog)

export const listTokens = {
  tools: tokensOf(lists.tools),
  reads: tokensOf([lists.resources, lists.resourceTemplates, lists.prompts]),
} as const
