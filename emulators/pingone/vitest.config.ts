import { workerProject } from '../../test/workers/worker-project.ts'

const environmentId = '7f9a1f2e-0000-4000-8000-000000000001'

export default workerProject(import.meta.dirname, {
  bindings: {
    STAND_IN_ORIGIN: 'http://localhost:8789',
    STAND_IN_ENVIRONMENT_ID: environmentId,
    STAND_IN_CLIENT_ID: 'the-application',
    // A colon, a percent sign and a blank: RFC 6749 §2.3.1 has them encoded before Basic.
    STAND_IN_CLIENT_SECRET: 'a secret: 100%',
    STAND_IN_CLIENT_AUTH: 'client_secret_basic',
    STAND_IN_REDIRECT_URIS: 'http://localhost:8787/callback,https://mcp.example.test/callback',
    STAND_IN_POLICY_IDS: '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c,11112222333344445555666677778888',
    STAND_IN_API_IDENTIFIER: 'todo-api',
    STAND_IN_API_SCOPES: 'todo:read todo:write',
    RUN_ID: 'vitest',
  },
  test: { include: ['tests/**/*.test.ts'] },
})
