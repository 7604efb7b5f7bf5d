import { PINGONE_KEY } from '../pingone-key.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, { main: 'worker.ts', bindings: { PINGONE_KEY } })
