/**
 * Stands in for parts of libraries that nothing here uses but that would be bundled with the rest: `alias` in
 * wrangler.jsonc says which (docs/performance.md). Whoever uses one is told so at once.
 */
function absent(): never {
  throw new Error('left out of the bundle: see `alias` in wrangler.jsonc')
}

// ajv, ajv-formats
export default absent
export {
  // @modelcontextprotocol/client: agents can be a client too
  absent as Client,
  absent as SdkHttpError,
  absent as SSEClientTransport,
  absent as StreamableHTTPClientTransport,
  absent as validateClientMetadataUrl,
  // mimetext, capnweb: agents can send e-mail, and speak Cap'n Web
  absent as createMimeMessage,
  absent as newWebSocketRpcSession,
  // zod/v3, zod-to-json-schema: SDK v1 takes schemas of zod 3
  absent as object,
  absent as zodToJsonSchema,
}
