import { makeLists } from '#mcp/listed.ts'
import { catalog } from '../../test/support/product.ts'

/** Every model pays for the list of tools on every turn. */
export const TOOL_LIST_BUDGET = 2000

/** As most tokenizers have it for JSON of English words; an estimate that is the same on every machine. */
const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

const lists = makeLists(catalog)

export const listTokens = {
  tools: tokensOf(lists.tools),
  reads: tokensOf([lists.resources, lists.resourceTemplates, lists.prompts]),
} as const
