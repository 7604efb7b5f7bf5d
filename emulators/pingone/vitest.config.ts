import { workerProject } from '../../test/workers/worker-project.ts'

const environmentId = '7f9a1f2e-0000-4000-8000-000000000001'

export default workerProject(import.meta.dirname, {
  bindings: {
    EMULATOR_ORIGIN: 'http://localhost:8789',
    EMULATOR_ENVIRONMENT_ID: environmentId,
    EMULATOR_CLIENT_ID: 'the-application',
    // RFC 6749 §2.3.1 requires encoding of the colon, the space and the percent sign.
    EMULATOR_CLIENT_SECRET: 'a secret: 100%',
    EMULATOR_CLIENT_AUTH: 'client_secret_basic',
    EMULATOR_REDIRECT_URIS: 'http://localhost:8787/callback,https://mcp.example.test/callback',
    EMULATOR_POLICY_IDS: '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c,11112222333344445555666677778888',
    EMULATOR_API_IDENTIFIER: 'todo-api',
    EMULATOR_API_SCOPES: 'todo:read todo:write',
    RUN_ID: 'vitest',
  },
  test: { include: ['tests/**/*.test.ts'] },
})
