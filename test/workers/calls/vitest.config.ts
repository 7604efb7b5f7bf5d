import { workerProject } from '../worker-project.ts'

// The rules of src/users over storage alone (records/) need no more than the storage of any User.
export default workerProject(import.meta.dirname, {
  main: 'worker.ts',
  test: { include: ['*.test.ts', '../records/*.test.ts'] },
})
