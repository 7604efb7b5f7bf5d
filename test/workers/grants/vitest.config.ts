import { PINGONE_KEY } from '../pingone-key.ts'
import { CONNECTED } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, {
  main: '../faults/worker.ts',
  bindings: { ...CONNECTED, PINGONE_KEY },
})
