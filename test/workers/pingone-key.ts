import { generateKeyPairSync } from 'node:crypto'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The signing key of the emulated PingOne: new for each run, passed to the Worker as a binding. */
export const PINGONE_KEY = JSON.stringify(privateKey.export({ format: 'jwk' }))
