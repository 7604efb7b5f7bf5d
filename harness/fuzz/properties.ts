import { callProperties } from './call-properties.ts'
import { libProperties } from './lib-properties.ts'
import { mcpProperties } from './mcp-properties.ts'
import { oauthProperties } from './oauth-properties.ts'
import type { ParserProperty } from './parser-property.ts'

/** Every parser of foreign input that needs no Workers runtime. */
export const parserProperties: readonly ParserProperty[] = [
  ...libProperties,
  ...oauthProperties,
  ...mcpProperties,
  ...callProperties,
]
