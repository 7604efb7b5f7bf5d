export const ORIGIN = 'https://mcp.example.test'
export const ISSUER = 'https://auth.pingone.test/7f9a1f2e/as'
export const POLICY = '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c'
export const REDIRECT_URI = 'http://localhost:33418/done'
export const API_URL = 'https://api.example.test'
/** What a client publishes about itself; the address is its client id. */
export const DOCUMENT = 'https://agent.example.com/client.json'
/** What others say when they fail. It must come out nowhere. */
export const STRANGE_WORDS = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS'
export const GRANTS_PER_PERSON = 2
