import { callProperties } from './call-properties.ts'
import { libProperties } from './lib-properties.ts'
import { mcpProperties } from './mcp-properties.ts'
import { oauthProperties } from './oauth-properties.ts'
import type { ParserProperty } from './parser-property.ts'

/** Every parser that reads what somebody else wrote, and needs no runtime for it. */
export const parserProperties: readonly ParserProperty[] = [
  ...libProperties,
  ...oauthProperties,
  ...mcpProperties,
  ...callProperties,
]
