export const ORIGIN = 'https://mcp.example.test'
export const ISSUER = 'https://auth.pingone.test/7f9a1f2e/as'
export const API_URL = 'https://api.example.test'
export const REDIRECT_URI = 'http://localhost:33418/done'
export const ROOT_KEYS = `k1:${'A'.repeat(43)}`
