import { env } from 'node:process'
import { workerProject } from '../worker-project.ts'

// The rules of src/users over storage alone (records/) need no more than the storage of any User.
export default workerProject(import.meta.dirname, {
  main: 'worker.ts',
  // `npm run soak -- --year 1000` sets another number (records/a-year.test.ts).
  bindings: { CALLS_PER_DAY: env['CALLS_PER_DAY'] ?? '20' },
  test: { include: ['*.test.ts', '../records/*.test.ts'] },
})
