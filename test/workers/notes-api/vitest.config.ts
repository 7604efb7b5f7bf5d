import { createPrivateKey, createPublicKey } from 'node:crypto'
import { PINGONE_KEY } from '../pingone-key.ts'
import { ISSUER } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

const key = createPrivateKey({ key: JSON.parse(PINGONE_KEY), format: 'jwk' })
const published = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'one', use: 'sig' }

export default workerProject(import.meta.dirname, {
  bindings: { PINGONE_ISSUER: ISSUER, API_IDENTIFIER: 'the-api', PINGONE_KEY },
  internet:
    () =>
    async ({ url }) =>
      url === `${ISSUER}/jwks` ? Response.json({ keys: [published] }) : new Response(null, { status: 503 }),
})
