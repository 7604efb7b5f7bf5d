import { env } from 'node:process'
import { API_URL, SETTINGS } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, {
  main: 'worker.ts',
  bindings: {
    ...SETTINGS,
    API_URL,
    // Documents of made-up clients are not admitted, so none is fetched.
    CLIENT_ADMISSION: 'listed',
    ALLOWED_REDIRECT_HOSTS: 'localhost app.example.com',
    REQUESTS_PER_MINUTE: '1000000',
    REGISTRATIONS_PER_DAY: '100000',
    // Fixed seeds for the tests. `npm run soak -- --fuzz …` uses others.
    FUZZ_SEEDS: env['FUZZ_SEEDS'] ?? '20260728 20251125',
    FUZZ_REQUESTS: env['FUZZ_REQUESTS'] ?? '20000',
  },
  test: { testTimeout: 24 * 3600_000 },
})
