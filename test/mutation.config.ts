import { defineConfig } from 'vitest/config'

// What `npm run mutate` runs for each changed line of src/policy: only its unit tests, with few random cases.
export default defineConfig({
  test: {
    name: 'policy',
    include: ['test/unit/policy/*.test.ts'],
    environment: 'node',
    env: { POLICY_CASES: '50' },
  },
})
