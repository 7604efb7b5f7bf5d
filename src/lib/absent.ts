/**
 * Replaces unused parts of libraries in the bundle: see `alias` in wrangler.jsonc and docs/performance.md. Using one
 * throws.
 */
function absent(): never {
  throw new Error('left out of the bundle: see `alias` in wrangler.jsonc')
}

// ajv, ajv-formats
export default absent
export {
  // @modelcontextprotocol/client: the client half of agents
  absent as Client,
  absent as SdkHttpError,
  absent as SSEClientTransport,
  absent as StreamableHTTPClientTransport,
  absent as validateClientMetadataUrl,
  absent as DurableObjectOAuthClientProvider,
  // mimetext, capnweb, cron-schedule: e-mail, Cap'n Web and the scheduler of agents
  absent as createMimeMessage,
  absent as newWebSocketRpcSession,
  absent as parseCronExpression,
  // zod/v3, zod-to-json-schema: SDK v1 takes schemas of zod 3
  absent as object,
  absent as zodToJsonSchema,
  // parts of zod: its compiler, and JSON Schema as schemas of zod
  absent as compile,
  absent as fromJSONSchema,
  absent as INVALID,
  absent as withParser,
  absent as ZodCompileAsyncError,
  absent as ZodCompileUnsupportedError,
}
