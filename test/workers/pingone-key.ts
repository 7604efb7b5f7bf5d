import { generateKeyPairSync } from 'node:crypto'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** What the PingOne of a test signs with: made for each run, and told to the Worker that plays it. */
export const PINGONE_KEY = JSON.stringify(privateKey.export({ format: 'jwk' }))
