export const ORIGIN = 'https://mcp.example.test'
export const ISSUER = 'https://auth.pingone.test/7f9a1f2e/as'
export const POLICY = '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c'
export const REDIRECT_URI = 'http://localhost:33418/done'
